/** Reading a checkpoint of any known format and code base. */
import { CheckpointError } from './checkpoint-error.ts';
import type { SafeTensor } from './elements.ts';
import { type TranslatedTensors, translateTensors } from './names/translate.ts';
import { PthError } from './pth/byte-reader.ts';
import { isPth, readPth } from './pth/read.ts';
import { readSafetensors, SafetensorsError, type SafetensorsFile } from './safetensors.ts';
import { type FoundStateDict, findStateDict } from './state-dict.ts';

/** The tensors of a file under our names, in PyTorch's layouts. */
export interface Checkpoint {
  /** Name of the file, for messages. */
  readonly file: string;
  /** Whose weights these are and where the file has them, for messages. */
  readonly source: string;
  /** Tensors in PyTorch's layouts. */
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  /** Strings stored in a safetensors file with the tensors; empty for others. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors or `.pth` file with weights of DETR, DAB-DETR, DN-DETR, Deformable DETR or DN-Deformable-DETR (of the
 * original repositories or, without denoising, of Hugging Face `transformers`), of a ResNet (torchvision, timm,
 * `transformers`) or an EfficientNet-Lite. Format and names are recognised by content, and so is what a trainer put before
 * the names (`module.`, `ema.module.`, …). A `.pth` file has the state_dict at the top or one or two keys down (`model`,
 * `state_dict`, `ema`, …); `findStateDict` says which counts of several.
 *
 * Tensors are views of `bytes` where these are aligned: change neither afterwards.
 *
 * @param file its name, for messages
 * @throws CheckpointError naming the file: neither format, damage, no state_dict
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

/** `DETR, under 'state_dict', after 'model.'; not taken: 'ema'`: whose weights, and where they are in the file. */
function describeSource({ source, prefix, others }: TranslatedTensors, found: Partial<FoundStateDict>): string {
  const places = [...(found.path ? [`under '${found.path}'`] : []), ...(prefix === '' ? [] : [`after '${prefix}'`])];
  const left = [...(found.others ?? []), ...others].map((place) => `'${place}'`);
  return `${[source, ...places].join(', ')}${left.length === 0 ? '' : `; not taken: ${left.join(', ')}`}`;
}
