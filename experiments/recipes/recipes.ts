/** The list of recipes. */

import dinoR50 from './dino-r50.ts';
import easy from './easy.ts';
import photographs from './photographs.ts';
import quick from './quick.ts';
import quickWasm from './quick-wasm.ts';
import r50 from './r50.ts';
import type { Recipe } from './recipe.ts';
import small from './small.ts';

export const recipes: readonly Recipe[] = [quick, easy, quickWasm, small, photographs, r50, dinoR50];
