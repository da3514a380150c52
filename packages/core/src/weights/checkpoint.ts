/** Reads checkpoints of any known format and code base. */
import { CheckpointError } from './checkpoint-error.ts';
import type { SafeTensor } from './elements.ts';
import { type TranslatedTensors, translateTensors } from './names/translate.ts';
import { PthError } from './pth/byte-reader.ts';
import { isPth, readPth } from './pth/read.ts';
import { readSafetensors, SafetensorsError, type SafetensorsFile } from './safetensors.ts';
import { type FoundStateDict, findStateDict } from './state-dict.ts';

/** The tensors of a file under this toolkit's names, in PyTorch's layouts. */
export interface Checkpoint {
  /** Name of the file, for messages. */
  readonly file: string;
  /** The code base of the weights and their place in the file, for messages. */
  readonly source: string;
  /** Tensors by name, in PyTorch's layouts. */
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  /** Strings stored in the metadata of a safetensors file; empty for other formats. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors or `.pth` file with weights of DETR, DAB-DETR, DN-DETR, Deformable DETR or DN-Deformable-DETR
 * (from the original repositories or, without denoising, from Hugging Face `transformers`), of a ResNet (torchvision,
 * timm, `transformers`) or of an EfficientNet-Lite. Format and names are recognised by content, as is the prefix that a
 * trainer put before the names (`module.`, `ema.module.`, …). A `.pth` file has the state_dict at the top level or one
 * or two keys down (`model`, `state_dict`, `ema`, …); see `findStateDict` for the choice among several.
 *
 * Tensors are views of `bytes` where these are aligned: do not change either afterwards.
 *
 * @param file name of the file, for messages
 * @throws CheckpointError naming the file, if it has neither format, is damaged or has no state_dict
 */
export function readCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  try {
    const { tensors, metadata, ...found } = readTensors(bytes);
    const translated = translateTensors(tensors);
    return { file, metadata, tensors: translated.tensors, source: describeSource(translated, found) };
  } catch (error) {
    if (error instanceof SafetensorsError || error instanceof PthError || error instanceof CheckpointError) {
      throw new CheckpointError(`${file}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

function readTensors(bytes: Uint8Array): SafetensorsFile & Partial<FoundStateDict> {
  if (isPth(bytes)) return { ...findStateDict(readPth(bytes)), metadata: {} };
  // After its length, a safetensors header starts with a brace.
  if (bytes[8] === 0x7b) return readSafetensors(bytes);
  throw new CheckpointError('neither a safetensors file nor one written by torch.save: was the download complete?');
}

/**
 * Describes whose weights these are and where the file has them:
 * `DETR, under 'state_dict', after 'model.'; not taken: 'ema'`.
 */
function describeSource({ source, prefix, others }: TranslatedTensors, found: Partial<FoundStateDict>): string {
  const places = [...(found.path ? [`under '${found.path}'`] : []), ...(prefix === '' ? [] : [`after '${prefix}'`])];
  const left = [...(found.others ?? []), ...others].map((place) => `'${place}'`);
  return `${[source, ...places].join(', ')}${left.length === 0 ? '' : `; not taken: ${left.join(', ')}`}`;
}
