/** The functions and classes that a checkpoint may name, each with its replacement. */
import { PthError } from './byte-reader.ts';
import { Callable, Namespace, type PickleContext } from './pickle.ts';
import { rebuildTensor, StorageType } from './tensor.ts';

/** Every global that a checkpoint may name. Any other is an error, because its effect cannot be known. */
const allowed: Readonly<Record<string, unknown>> = {
  'collections.OrderedDict': new Callable(emptyMap),
  // `MultiStepLR` counts its milestones with it.
  'collections.Counter': new Callable(([counts]) => counts),
  // DETR saves its command line with its weights.
  'argparse.Namespace': new Callable(() => new Namespace()),
  'torch._utils._rebuild_tensor_v2': new Callable(rebuildTensor),
  'torch._utils._rebuild_parameter': new Callable(([tensor]) => tensor),
  'torch.DoubleStorage': new StorageType('F64'),
  'torch.FloatStorage': new StorageType('F32'),
  'torch.HalfStorage': new StorageType('F16'),
  'torch.BFloat16Storage': new StorageType('BF16'),
  'torch.LongStorage': new StorageType('I64'),
  'torch.IntStorage': new StorageType('I32'),
  'torch.ShortStorage': new StorageType('I16'),
  'torch.CharStorage': new StorageType('I8'),
  'torch.ByteStorage': new StorageType('U8'),
  'torch.BoolStorage': new StorageType('BOOL'),
};

function emptyMap(items: readonly unknown[]): Map<unknown, unknown> {
  if (items.length === 0) return new Map();
  throw new PthError('an OrderedDict is made from a list, as Python 2 did: save the file again with Python 3');
}

/** Globals that a checkpoint's pickle may refer to, and storages by their ids. */
export const checkpointContext = (persistent: PickleContext['persistent']): PickleContext => ({
  global: (name) => (Object.hasOwn(allowed, name) ? allowed[name] : undefined),
  persistent,
});
