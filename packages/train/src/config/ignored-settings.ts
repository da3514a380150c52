/** Settings that a model makes nothing of, since they are about parts that it does not have. */
import type { ModelName } from './schema.ts';

const ofDetr: readonly ModelName[] = ['detr', 'dn-detr-vanilla'];
const ofAnchors: readonly ModelName[] = ['dab-detr', 'dn-detr'];
const ofDenoising: readonly ModelName[] = ['dn-detr', 'dn-detr-vanilla'];

/** Who uses a setting, or all settings of a group, where not every model does. */
const users: Readonly<Record<string, readonly ModelName[]>> = {
  denoising: ofDenoising,
  'model.preNorm': ofDetr,
  'model.activation': ofAnchors,
  'model.patterns': ofAnchors,
  'model.temperature': ofAnchors,
  'model.keepQueryPosition': ofAnchors,
  'model.indicator': ['dn-detr'],
  'evaluation.detections': ofAnchors,
};

/** Whether a setting, by its dotted key, changes nothing for a model. */
export function isIgnored(model: ModelName, key: string): boolean {
  return Object.entries(users).some(
    ([used, by]) => (key === used || key.startsWith(`${used}.`)) && !by.includes(model),
  );
}
