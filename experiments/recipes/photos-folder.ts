import { fileURLToPath } from 'node:url';

/** The photographs that come with the toolkit: BCCD, 364 images of 320 × 240 with blood cells. Never written to. */
export const photosFolder = fileURLToPath(new URL('../../data/bccd', import.meta.url));
