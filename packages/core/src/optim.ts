/** AdamW on flat buffers, clipping, accumulation, averages and schedules. */
export * from './optim/accumulate.ts';
export * from './optim/adamw.ts';
export * from './optim/clip.ts';
export * from './optim/ema.ts';
export * from './optim/schedule.ts';
