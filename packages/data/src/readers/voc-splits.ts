/** Assigns VOC annotations to splits. */
import fs from 'node:fs';
import { stem } from './file-names.ts';
import { onlyOne } from './folder.ts';
import type { Reading, SplitName } from './read-splits.ts';
import { StemIndex } from './stem-index.ts';
import { decodeText } from './text.ts';
import { namesOfList, type VocPart } from './voc-files.ts';
import { hasImage, type VocImages } from './voc-images.ts';

/**
 * The annotation files of each split: those that its lists name, or all, where the folder's location indicates the
 * split or nothing does.
 */
export function listXmls(
  part: VocPart,
  images: VocImages,
  { folder, problems, notices }: Reading,
): Partial<Record<SplitName, string[]>> {
  const report = (kind: 'unannotated-image' | 'missing-image', file: string, message: string): void => {
    problems.push({ kind, file, message });
  };
  const xmls = new StemIndex(part.annotations, part.xmls);
  const lists = Object.entries(part.lists) as [SplitName, string][];
  if (part.split !== undefined || lists.length === 0) {
    const place = folder.nameOf(part.annotations) || 'the folder';
    for (const image of images.files) {
      const name = stem(image);
      if (xmls.of(name, 'file').length === 0)
        report('unannotated-image', folder.nameOf(image), `${place} has no ${name}.xml`);
    }
    return { [part.split ?? 'train']: [...part.xmls] };
  }
  const unlisted = new Set(part.xmls);
  const splits: Partial<Record<SplitName, string[]>> = {};
  for (const [split, list] of lists) {
    const listed: string[] = [];
    const listName = folder.nameOf(list);
    const { text, fault } = decodeText(fs.readFileSync(list));
    if (fault !== undefined) problems.push({ kind: 'bad-value', file: listName, message: fault });
    for (const name of new Set(namesOfList(text, (name) => xmls.best(name).length > 0))) {
      const xml = onlyOne(xmls.best(name));
      if (xml !== undefined) {
        unlisted.delete(xml);
        listed.push(xml);
      } else if (hasImage(images, name)) report('unannotated-image', listName, `there is no ${name}.xml`);
      else report('missing-image', listName, `there is no ${name}`);
    }
    splits[split] = [...new Set(listed)];
  }
  if (unlisted.size > 0) {
    const names = Object.values(part.lists).map((list) => folder.nameOf(list));
    notices.push(`annotated images in none of ${names.join(', ')}: ${unlisted.size}, not used`);
  }
  return splits;
}
