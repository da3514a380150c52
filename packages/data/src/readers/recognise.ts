/** Which reader a folder is read with. */
import { DataError } from '../error.ts';
import type { DatasetReader } from './dataset-reader.ts';
import type { Folder } from './folder.ts';

/** A reader, and what it found to read. */
export interface Recognised {
  readonly reader: DatasetReader;
  readonly found: unknown;
  /** Choices made on the user's behalf, one line each. */
  readonly notices: readonly string[];
}

/**
 * The first reader of the list that finds something, or the one of a format that is asked for.
 *
 * @param name how the user named the folder
 * @throws DataError if none does, with what was looked for, or no reader is of that format
 */
export function recognise(
  name: string,
  folder: Folder,
  readers: readonly DatasetReader[],
  format: string | undefined,
): Recognised {
  if (format !== undefined && readers.every(({ name }) => name !== format)) {
    const known = readers.map(({ name }) => name).join(', ');
    throw new DataError(`there is no reader of the format ${format}: expected ${known}`);
  }
  const recognised = search(folder, readers, format);
  const [first, ...others] = recognised.filter(({ reader }) => format === undefined || reader.name === format);
  if (first === undefined) throw notRecognised(name, folder, readers, format);
  if (others.length === 0) return first;
  const { title } = first.reader;
  const titles = [title, ...others.map(({ reader }) => reader.title)].join(' and ');
  const several = `${titles} annotations lie here: ${title} is read unless another format is asked for`;
  return { ...first, notices: [several, ...first.notices] };
}

/** Lets all readers look, whatever is asked for, so that what is passed over does not depend on that. */
function search(folder: Folder, readers: readonly DatasetReader[], format: string | undefined): Recognised[] {
  const sure = readers.map((reader) => {
    const notices: string[] = [];
    return { reader, found: reader.find(folder, notices), notices };
  });
  return sure.flatMap(({ reader, found, notices }, n) => {
    if (found !== undefined) return [{ reader, found, notices }];
    const guess = reader.guess?.(folder);
    const givesWay = reader.name !== format && sure.slice(n + 1).some((later) => later.found !== undefined);
    return guess === undefined || givesWay ? [] : [{ reader, found: guess, notices }];
  });
}

function notRecognised(
  name: string,
  folder: Folder,
  readers: readonly DatasetReader[],
  format: string | undefined,
): DataError {
  const asked = readers.filter((reader) => format === undefined || reader.name === format);
  const lines = asked.map((reader) => `  ${reader.title}: ${reader.looksLike(folder)}`);
  const entries = [...folder.folders(folder.root).map((name) => `${name}/`), ...folder.files(folder.root)];
  const there = entries.length === 0 ? 'nothing' : entries.slice(0, 8).join(', ') + (entries.length > 8 ? ', …' : '');
  const what = format === undefined ? 'no data set' : `no ${asked[0]?.title} data set`;
  return new DataError([`${what} in ${name}, which holds ${there}. Looked for`, ...lines].join('\n'));
}
