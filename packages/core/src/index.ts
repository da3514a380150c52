export * from './nn/gradients.ts';
export * from './nn/parameters.ts';
export * from './optim/accumulate.ts';
export * from './optim/adamw.ts';
export * from './optim/clip.ts';
export * from './optim/ema.ts';
export * from './optim/schedule.ts';
export * from './weights/safetensors.ts';
