import { fileURLToPath } from 'node:url';

/** Folder of the bundled photographs: BCCD, 364 images of blood cells at 320 × 240. Never written to. */
export const photosFolder = fileURLToPath(new URL('../../data/bccd', import.meta.url));
