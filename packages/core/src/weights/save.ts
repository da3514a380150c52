/** Writes a model's parameters as a checkpoint. */
import { type NamedTensors, namedTensor } from '../nn/named.ts';
import { ParameterError, type ParameterSpec } from '../nn/parameters.ts';
import type { SafeTensor } from './elements.ts';
import { storedShape, toStored } from './layout.ts';
import { writeSafetensors } from './safetensors.ts';

/**
 * Makes a safetensors file of declared parameters under the names and in the layouts of the original repositories. It
 * can be read by `readCheckpoint` and, with `safetensors.torch.load_file`, by PyTorch. Tensors that a model uses twice
 * are stored once: DAB-DETR's box head as `transformer.decoder.bbox_embed`.
 *
 * @param parameters every declared parameter by its name, such as `layout.unflatten(flats)`
 * @param metadata strings to store with the tensors; `format` is `pt`, without which `transformers` rejects a file
 * @throws if a parameter is missing, or is not float32 of its declared shape
 */
export async function saveParameters(
  declared: readonly ParameterSpec[],
  parameters: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const tensors = new Map<string, SafeTensor>();
  for (const spec of declared) {
    const parameter = namedTensor(parameters, spec.name);
    if (parameter.dtype !== 'float32' || `${parameter.shape}` !== `${spec.shape}`) {
      throw new ParameterError(
        `parameter '${spec.name}' is ${parameter.dtype} [${parameter.shape.join(', ')}], expected float32 ` +
          `[${spec.shape.join(', ')}]`,
      );
    }
    const data = toStored(spec, await parameter.data<'float32'>());
    tensors.set(spec.name, { dtype: 'F32', shape: storedShape(spec), data });
  }
  return writeSafetensors(tensors, { format: 'pt', ...metadata });
}
