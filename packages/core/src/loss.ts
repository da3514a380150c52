/**
 * Loss terms, the criterion, dense targets, and the losses and errors that are logged.
 *
 * @module @dn-detr/core/loss
 */
export * from './loss/boxes.ts';
export * from './loss/criterion.ts';
export * from './loss/cross-entropy.ts';
export * from './loss/figures.ts';
export * from './loss/focal.ts';
export * from './loss/metrics.ts';
export * from './loss/predictions.ts';
export * from './loss/targets.ts';
export * from './loss/term.ts';
export * from './loss/terms.ts';
