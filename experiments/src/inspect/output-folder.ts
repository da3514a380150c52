/** The folder that an inspection is written to: a page, its pictures, and a JSON file that lists them. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { svgFile } from '@dn-detr/report/drawing';
import type { Html } from '@dn-detr/report/markup';
import { UserError } from '@dn-detr/train';
import { makeFolder, removeFile, removeLeftovers, writeAtomically } from '@dn-detr/train/files';
import { type InspectionPage, pageText } from './page.ts';

export type InspectionKind = 'queries' | 'attention' | 'matching';

/** A drawing on the page, which is also saved as a file. */
export interface Picture {
  /** File name without a folder, ending in `.svg`. */
  readonly name: string;
  readonly drawing: Html;
}

export interface OutputFolder {
  /**
   * Writes all files, and deletes those of an earlier inspection that this one does not have.
   *
   * @param about - The findings, for programs.
   * @returns The contents of `KIND.json`.
   */
  write(page: InspectionPage, pictures: readonly Picture[], about: object): { readonly files: readonly string[] };
}

/**
 * Creates the folder if it does not exist.
 *
 * @throws UserError if it cannot be created, or contains a `KIND.json` that no inspection wrote.
 */
export function openOutput(folder: string, kind: InspectionKind): OutputFolder {
  makeFolder(folder);
  removeLeftovers(folder);
  const listFile = path.join(folder, `${kind}.json`);
  const earlier = existsSync(listFile) ? filesIn(listFile, kind) : [];
  return {
    write: (page, pictures, about) => {
      const contents = new Map([
        [`${kind}.html`, pageText(page)],
        ...pictures.map(({ name, drawing }) => [name, svgFile(drawing)] as const),
      ]);
      const files = [...contents.keys()];
      const foreign = files.find((name) => existsSync(path.join(folder, name)) && !earlier.includes(name));
      if (foreign !== undefined) {
        const file = path.join(folder, foreign);
        throw new UserError(`${file} exists and is not from an earlier inspection: choose another --out`);
      }
      const list = { inspection: kind, files, ...about };
      // The list is written first, so that all later files are known to be ours even if writing is interrupted.
      const all = [...new Set([...files, ...earlier])];
      writeAtomically(listFile, `${JSON.stringify({ ...list, files: all }, null, 2)}\n`);
      for (const [name, content] of contents) writeAtomically(path.join(folder, name), content);
      for (const name of earlier) if (!contents.has(name)) removeFile(path.join(folder, name));
      writeAtomically(listFile, `${JSON.stringify(list, null, 2)}\n`);
      return list;
    },
  };
}

/** @throws UserError if no inspection of this kind wrote the file. */
function filesIn(listFile: string, kind: InspectionKind): readonly string[] {
  try {
    const { inspection, files } = JSON.parse(readFileSync(listFile, 'utf8')) as { inspection: string; files: string[] };
    // Whatever the file says, only file names of the kinds that this command writes are accepted.
    if (inspection === kind && files.every((name) => /^[^/\\]+\.(?:svg|html)$/.test(name))) return files;
  } catch {}
  throw new UserError(`${listFile} exists and is not from an earlier inspection: choose another --out`);
}
