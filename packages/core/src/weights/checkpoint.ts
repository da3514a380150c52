/** Reading a checkpoint of any known format and code base. */
import { CheckpointError } from './checkpoint-error.ts';
import type { SafeTensor } from './elements.ts';
import { type TranslatedTensors, translateTensors } from './names/translate.ts';
import { PthError } from './pth/byte-reader.ts';
import { isPth, readPth } from './pth/read.ts';
import { PthTensor } from './pth/tensor.ts';
import { readSafetensors, SafetensorsError, type SafetensorsFile } from './safetensors.ts';

/** The tensors of a file under our names, in PyTorch's layouts. */
export interface Checkpoint extends TranslatedTensors {
  /** the file's name, for messages */
  readonly file: string;
  /** strings kept along in a safetensors file; empty for others */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors or `.pth` file with weights of DETR, DAB-DETR or DN-DETR (of the original repositories or of
 * Hugging Face `transformers`) or of a ResNet (torchvision, timm). Format and names are recognised by content. A `.pth`
 * file has the state_dict at the top or under the key `model`.
 *
 * Tensors are views of `bytes` where these are aligned: change neither afterwards.
 *
 * @param file its name, for messages
 * @throws CheckpointError naming the file: neither format, damage, no state_dict
 */
export function readCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  try {
    const { tensors, metadata } = readTensors(bytes);
    return { file, metadata, ...translateTensors(tensors) };
  } catch (error) {
    if (error instanceof SafetensorsError || error instanceof PthError || error instanceof CheckpointError) {
      throw new CheckpointError(`${file}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

function readTensors(bytes: Uint8Array): SafetensorsFile {
  if (isPth(bytes)) return { tensors: readStateDict(readPth(bytes)), metadata: {} };
  // After its length, a safetensors header starts with a brace.
  if (bytes[8] === 0x7b) return readSafetensors(bytes);
  throw new CheckpointError('neither a safetensors file nor one of torch.save: was it downloaded whole?');
}

function readStateDict(saved: unknown): ReadonlyMap<string, SafeTensor> {
  const nested = saved instanceof Map ? saved.get('model') : undefined;
  const stateDict = nested instanceof Map ? nested : saved;
  if (!(stateDict instanceof Map) || ![...stateDict.values()].some((value) => value instanceof PthTensor)) {
    const found = saved instanceof Map ? `a dictionary of ${[...saved.keys()].slice(0, 8).join(', ')}` : typeof saved;
    throw new CheckpointError(`expected a state_dict at the top or under 'model', found ${found}`);
  }
  const tensors = new Map<string, SafeTensor>();
  for (const [name, tensor] of stateDict) {
    if (!(tensor instanceof PthTensor && typeof name === 'string')) {
      throw new CheckpointError(`expected tensors by name in the state_dict, but '${name}' is none`);
    }
    try {
      tensors.set(name, tensor.read());
    } catch (error) {
      if (error instanceof PthError) throw new CheckpointError(`'${name}': ${error.message}`);
      throw error;
    }
  }
  return tensors;
}
