/** The forms in which one file's name may be written, and what those forms have in common. */
import { isUtf8 } from 'node:buffer';
import path from 'node:path';

/**
 * Form that names of one file share where they differ only in letter case, in Unicode form (NFC, NFD), in
 * percent-encoding or in the spaces around them.
 */
export function foldName(name: string): string {
  return percentDecoded(name).normalize('NFC').toLowerCase().trim();
}

/** A name without its last extension. */
export function stem(name: string): string {
  return path.basename(name, path.extname(name));
}

/**
 * The paths that a written path may stand for, as it is written first: with forward slashes, without spaces around it,
 * without the query of a URL, percent-decoded, and what Label Studio serves as `/data/local-files/?d=PATH`.
 */
export function writtenForms(written: string): string[] {
  const plain = written.replaceAll('\\', '/');
  const trimmed = plain.trim();
  const withoutQuery = urlPath(trimmed);
  const [, served] = /\?(?:.*&)?d=([^&#]+)/.exec(trimmed) ?? [];
  const forms = [plain, trimmed, ...(served === undefined ? [] : [served, percentDecoded(served)]), withoutQuery];
  return [...new Set([...forms, percentDecoded(trimmed), percentDecoded(withoutQuery)].map(slashed))].filter(
    (form) => form !== '' && !form.endsWith('/'),
  );
}

/** Backslashes may be encoded too. */
const slashed = (form: string): string => form.replaceAll('\\', '/');

/** Without query and fragment, which begin after a URL's path or an extension: a name alone may hold such letters. */
function urlPath(written: string): string {
  const [, beginning] = /^((?:[a-z][a-z\d+.-]*:\/\/|.*?\.\w+(?=[?#]))[^?#]*)/i.exec(written) ?? [];
  return beginning ?? written;
}

/** Whether a path begins where paths of another machine do: at a root, a drive, a URL's scheme or above the folder. */
export function isForeign(written: string): boolean {
  return /^(?:\/|[a-z][a-z\d+.-]*:|\.\.(?:\/|$))/i.test(written.replaceAll('\\', '/'));
}

/** The folders and the file of a path, without what only moves about (`.`, `..`). */
export function partsOf(written: string): string[] {
  return written.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
}

/** Bytes that are no UTF-8 are taken for windows-1252, as old scripts encode them. */
function percentDecoded(text: string): string {
  let decoded = text;
  // A name may have been encoded more than once on its way.
  for (let rounds = 0; rounds < 3; rounds++) {
    const next = decoded.replaceAll(/(?:%[\da-f]{2})+/gi, (encoded) => {
      const bytes = Buffer.from(encoded.replaceAll('%', ''), 'hex');
      return isUtf8(bytes) ? bytes.toString('utf8') : new TextDecoder('windows-1252').decode(bytes);
    });
    if (next === decoded) break;
    decoded = next;
  }
  return decoded;
}
