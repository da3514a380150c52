/** Chooses the reader for a folder. */
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
 * The first reader in the list that finds something, or the one for the requested format.
 *
 * @param name the name that the user gave to the folder
 * @throws DataError if no reader finds anything, with what was looked for, or there is no reader for that format
 */
export function recognise(
  name: string,
  folder: Folder,
  readers: readonly DatasetReader[],
  format: string | undefined,
): Recognised {
  if (format !== undefined && readers.every(({ name }) => name !== format)) {
    const known = readers.map(({ name }) => name).join(', ');
    throw new DataError(`there is no reader for the format ${format}: expected ${known}`);
  }
  const recognised = search(folder, readers, format);
  const [first, ...others] = recognised.filter(({ reader }) => format === undefined || reader.name === format);
  if (first === undefined) throw notRecognised(name, folder, readers, format);
  if (others.length === 0) return first;
  const { title } = first.reader;
  const titles = [title, ...others.map(({ reader }) => reader.title)].join(' and ');
  const several = `there are ${titles} annotations: ${title} is read unless you choose another format`;
  return { ...first, notices: [several, ...first.notices] };
}

/**
 * The findings of the readers. All of them look, whatever the requested format, so that the skipped files do not depend
 * on it.
 */
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
  return new DataError([`${what} in ${name}, which contains ${there}. Looked for`, ...lines].join('\n'));
}
