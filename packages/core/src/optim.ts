/**
 * AdamW on flat buffers, gradient clipping, gradient accumulation, weight averages and schedules.
 *
 * @module @dn-detr/core/optim
 */
export * from './optim/accumulate.ts';
export * from './optim/adamw.ts';
export * from './optim/clip.ts';
export * from './optim/ema.ts';
export * from './optim/schedule.ts';
