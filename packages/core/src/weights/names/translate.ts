/** Translates the tensors of any known code base to this toolkit's names. */
import { CheckpointError } from '../checkpoint-error.ts';
import { readElements, type SafeTensor } from '../elements.ts';
import { recogniseNames } from './recognise.ts';
import { type NameTable, translator } from './table.ts';

const unknownNames: NameTable = { source: 'an unknown model', mark: '', rules: [] };

/** Tensors under this toolkit's names. */
export interface TranslatedTensors {
  /** Code base of the original names, for messages. */
  readonly source: string;
  /** Prefix of these names that is left out, such as `module.`; empty if there is none. */
  readonly prefix: string;
  /** Prefixes of other tensors of the same code base, which keep their names, such as `ema.`. */
  readonly others: readonly string[];
  /** Tensors by name, in PyTorch's layouts. */
  readonly tensors: ReadonlyMap<string, SafeTensor>;
}

/**
 * Recognises the code base of names (DETR, DAB-DETR or Deformable DETR of the original repositories or of Hugging Face
 * `transformers`, DN-DETR with or without deformable attention, a ResNet of torchvision, timm or `transformers`, an
 * EfficientNet-Lite) and translates them to ours, which are those of the original repositories. Projections of queries,
 * keys and values are joined into one tensor, and a tensor listed twice becomes one. Prefixes of a trainer and the
 * counters of batch normalisation (`num_batches_tracked`) are left out. Names that are in no table, and those without
 * the prefix of the others, are kept. A head that Hugging Face's Deformable DETR has once for all layers is repeated
 * for each of them.
 *
 * @throws CheckpointError for tensors that should be equal but differ, or that lack the ones they are joined with
 */
export function translateTensors(stored: ReadonlyMap<string, SafeTensor>): TranslatedTensors {
  const names = [...stored.keys()].filter((name) => !name.endsWith('num_batches_tracked'));
  const { table, prefix, others } = recogniseNames(names) ?? { table: unknownNames, prefix: '', others: [] };
  const translate = translator(table);
  const tensors = new Map<string, SafeTensor>();
  const thirds = new Map<string, SafeTensor[]>();
  for (const storedName of names) {
    const tensor = stored.get(storedName) as SafeTensor;
    const isOurs = storedName.startsWith(prefix);
    const { name, third } = isOurs ? translate(storedName.slice(prefix.length)) : { name: storedName };
    if (third !== undefined) {
      const parts = thirds.get(name) ?? [];
      parts[third] = tensor;
      thirds.set(name, parts);
      continue;
    }
    const twin = tensors.get(name);
    if (twin !== undefined && !areEqual(twin, tensor)) {
      throw new CheckpointError(`two tensors are stored for ${name}, one of them ${storedName}, but they differ`);
    }
    tensors.set(name, tensor);
  }
  for (const [name, parts] of thirds) tensors.set(name, joinThirds(name, parts));
  repeatSharedHead(tensors, table);
  joinEqualHeads(tensors, table.listedHeads ?? []);
  return { source: table.source, prefix, others, tensors };
}

/** Gives every layer the head that a file has once. */
function repeatSharedHead(tensors: Map<string, SafeTensor>, { sharedHead }: NameTable): void {
  if (sharedHead === undefined) return;
  const { head, layers } = sharedHead;
  const namesOf = (part: string): string[] => [...tensors.keys()].filter((name) => name.startsWith(`${part}.`));
  const indexOf = (part: string, name: string): number => Number(name.slice(part.length + 1).split('.', 1)[0]);
  const heads = namesOf(head);
  if (heads.some((name) => indexOf(head, name) > 0)) return;
  const last = Math.max(0, ...namesOf(layers).map((name) => indexOf(layers, name)));
  for (const name of heads) {
    for (let layer = 1; layer <= last; layer++) {
      tensors.set(name.replace(`${head}.0.`, `${head}.${layer}.`), tensors.get(name) as SafeTensor);
    }
  }
}

/** Keeps only the heads of the first layer if those of all layers are equal. */
function joinEqualHeads(tensors: Map<string, SafeTensor>, heads: readonly string[]): void {
  const copies = [...tensors.keys()].flatMap((name) => {
    const head = heads.find((part) => name.startsWith(`${part}.`) && !name.startsWith(`${part}.0.`));
    return head === undefined
      ? []
      : [{ name, first: `${head}.0.${name.slice(head.length + 1).replace(/^\d+\./, '')}` }];
  });
  const isCopy = ({ name, first }: { name: string; first: string }): boolean => {
    const original = tensors.get(first);
    return original !== undefined && areEqual(original, tensors.get(name) as SafeTensor);
  };
  if (copies.every(isCopy)) for (const { name } of copies) tensors.delete(name);
}

const bytesOf = ({ data }: SafeTensor) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const isAlike = (a: SafeTensor, b: SafeTensor) => a.dtype === b.dtype && `${a.shape}` === `${b.shape}`;

function areEqual(a: SafeTensor, b: SafeTensor): boolean {
  const [bytes, others] = [bytesOf(a), bytesOf(b)];
  return isAlike(a, b) && bytes.every((byte, i) => byte === others[i]);
}

function joinThirds(name: string, [queries, keys, values]: readonly SafeTensor[]): SafeTensor {
  if (queries === undefined || keys === undefined || values === undefined) {
    throw new CheckpointError(`${name} needs projections of queries, keys and values, but one of them is missing`);
  }
  const parts = [queries, keys, values];
  const [rows, ...rest] = queries.shape;
  if (rows === undefined || !parts.every((part) => isAlike(part, queries))) {
    const found = parts.map(({ dtype, shape }) => `${dtype} [${shape.join(', ')}]`).join(', ');
    throw new CheckpointError(`${name} needs projections of one type and shape, found ${found}`);
  }
  const bytes = parts.map(bytesOf);
  const joined = new Uint8Array(3 * queries.data.byteLength);
  bytes.forEach((part, i) => {
    joined.set(part, i * part.length);
  });
  const elements = readElements(queries.dtype, joined, (message) => new CheckpointError(`${name} ${message}`));
  return { shape: [3 * rows, ...rest], ...elements };
}
