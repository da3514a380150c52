/** The list of built-in ablations. */
import { type Ablation, ablationSchema } from './ablation.ts';
import boxNoise from './box-noise.ts';
import components from './components.ts';
import groups from './groups.ts';
import indicator from './indicator.ts';
import labelNoise from './label-noise.ts';
import paddingMask from './padding-mask.ts';

export const ablations: readonly Ablation[] = [components, groups, boxNoise, labelNoise, indicator, paddingMask].map(
  (file) => ablationSchema.parse(file),
);
