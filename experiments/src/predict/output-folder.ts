/** The folder that predictions are written to; only files of an earlier prediction are replaced. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cutToBytes, type FileImage } from '@dn-detr/data';
import { UserError } from '@dn-detr/train';
import { longestName, removeLeftovers } from '@dn-detr/train/files';

export interface OutputFolder {
  /** Path of the JSON file with the detections. */
  readonly document: string;
  /** File names of the pictures, in the order of the images. */
  readonly pictures: readonly string[];
  /** Deletes the pictures of an earlier prediction that this one does not have. */
  removeOthers(): void;
}

const documentName = 'detections.json';

/**
 * Creates the folder if it does not exist, and chooses names for the pictures: those of the images, shortened if they are too
 * long, and numbered if the name is taken by another image or by a file that no earlier prediction wrote.
 *
 * @throws UserError if the folder cannot be created or written to, or contains a `detections.json` that no prediction wrote.
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

/** Whether a file is a JPEG, judged by its name. */
export const isJpeg = (name: string): boolean => /\.(?:jpe?g|jfif)$/i.test(name);

/** Folds names that some file systems treat as the same: they differ only in letter case or Unicode form. */
const fold = (name: string): string => name.normalize('NFC').toLowerCase();

function nameIn(folder: string, file: string): string[] {
  return realpathSync(path.dirname(file)) === folder ? [path.basename(file)] : [];
}

/** @throws UserError if the file exists and no prediction wrote it. */
function earlierPictures(document: string): string[] {
  if (!existsSync(document)) return [];
  try {
    const { images } = JSON.parse(readFileSync(document, 'utf8')) as { images: { picture: string }[] };
    const names = images.map(({ picture }) => picture);
    // Whatever the file says, only plain file names are accepted, so that nothing outside the folder is deleted.
    if (names.every((name) => /^[^/\\]+\.(?:jpg|png)$/.test(name))) return names;
  } catch {}
  throw new UserError(`${document} exists and is not from an earlier prediction: choose another --out`);
}
