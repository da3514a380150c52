/** The folder that predictions are written to: only those of an earlier prediction are replaced. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cutToBytes, type FileImage } from '@dn-detr/data';
import { UserError } from '@dn-detr/train';
import { longestName, removeLeftovers } from '@dn-detr/train/files';

export interface OutputFolder {
  /** JSON file of what was detected. */
  readonly document: string;
  /** Names of the pictures, of each image. */
  readonly pictures: readonly string[];
  /** Deletes the pictures of an earlier prediction that this one does not have. */
  removeOthers(): void;
}

const documentName = 'detections.json';

/**
 * Makes the folder if it is not there, and chooses names for the pictures: those of the images, cut where they are too
 * long, and numbered where one is taken by another image or by a file that no earlier prediction wrote.
 *
 * @throws UserError if there cannot be a folder, it cannot be written to, or it holds a `detections.json` of another kind
 */
export function openOutputFolder(folder: string, images: readonly FileImage[]): OutputFolder {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'a file is in the way' : message;
    throw new UserError(`${folder} cannot be written to (${reason}): choose another --out`, { cause: error });
  }
  removeLeftovers(folder);
  const document = path.join(folder, documentName);
  const here = realpathSync(folder);
  const inputs = new Set(images.flatMap((image) => nameIn(here, image.path)));
  const replaceable = new Set(earlierPictures(document).filter((name) => !inputs.has(name)));
  const taken = new Set(
    readdirSync(folder)
      .filter((name) => !replaceable.has(name))
      .map(fold),
  );
  const pictures = images.map((image) => {
    const { name: stem, ext } = path.parse(image.path);
    const extension = isJpeg(ext) ? '.jpg' : '.png';
    const ending = (end: string): string => `${cutToBytes(stem, longestName - Buffer.byteLength(end))}${end}`;
    let name = ending(extension);
    for (let n = 2; taken.has(fold(name)); n++) name = ending(`-${n}${extension}`);
    taken.add(fold(name));
    return name;
  });
  const removeOthers = (): void => {
    for (const name of replaceable) {
      if (!pictures.some((picture) => fold(picture) === fold(name))) rmSync(path.join(folder, name), { force: true });
    }
  };
  return { document, pictures, removeOthers };
}

/** By the name of a file. */
export const isJpeg = (name: string): boolean => /\.(?:jpe?g|jfif)$/i.test(name);

/** Some file systems take names for the same that differ in letter case or Unicode form. */
const fold = (name: string): string => name.normalize('NFC').toLowerCase();

function nameIn(folder: string, file: string): string[] {
  return realpathSync(path.dirname(file)) === folder ? [path.basename(file)] : [];
}

/** @throws UserError if the file is there and no prediction wrote it */
function earlierPictures(document: string): string[] {
  if (!existsSync(document)) return [];
  try {
    const { images } = JSON.parse(readFileSync(document, 'utf8')) as { images: { picture: string }[] };
    const names = images.map(({ picture }) => picture);
    // Whatever the file says, nothing outside of the folder is touched.
    if (names.every((name) => /^[^/\\]+\.(?:jpg|png)$/.test(name))) return names;
  } catch {}
  throw new UserError(`${document} is there, and not of an earlier prediction: choose another --out`);
}
