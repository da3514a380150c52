/**
 * Checkpoints of PyTorch, Hugging Face and this toolkit: reading, translating and writing.
 *
 * @module @dn-detr/core/weights
 */
export * from './weights/checkpoint.ts';
export * from './weights/checkpoint-error.ts';
export * from './weights/load.ts';
export { dependsOnClasses, type Mismatch } from './weights/mismatch.ts';
export * from './weights/names/translate.ts';
export { PthError } from './weights/pth/byte-reader.ts';
export { readPth } from './weights/pth/read.ts';
export { PthTensor } from './weights/pth/tensor.ts';
export * from './weights/safetensors.ts';
export * from './weights/save.ts';
