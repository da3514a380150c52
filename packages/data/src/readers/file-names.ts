/** The forms in which the name of a file may be written, and what those forms have in common. */
import { isUtf8 } from 'node:buffer';
import path from 'node:path';

/**
 * A key that is the same for all names of a file that differ only in letter case, Unicode form (NFC, NFD),
 * percent-encoding or surrounding spaces.
 */
export function foldName(name: string): string {
  return percentDecoded(name).normalize('NFC').toLowerCase().trim();
}

/** A name without its last extension. */
export function stem(name: string): string {
  return path.basename(name, path.extname(name));
}

/**
 * The paths that a written path may stand for, the path as written first: with forward slashes, without surrounding
 * spaces, without the query of a URL, percent-decoded, and the PATH in Label Studio's `/data/local-files/?d=PATH`.
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

/** Replaces backslashes, which may have been percent-encoded. */
const slashed = (form: string): string => form.replaceAll('\\', '/');

/** Drops the query and fragment of a URL or of a path with an extension: a name by itself may contain `?` and `#`. */
function urlPath(written: string): string {
  const [, beginning] = /^((?:[a-z][a-z\d+.-]*:\/\/|.*?\.\w+(?=[?#]))[^?#]*)/i.exec(written) ?? [];
  return beginning ?? written;
}

/** Whether a path begins as paths from another machine do: at a root, a drive, a URL's scheme or above the folder. */
export function isForeign(written: string): boolean {
  return /^(?:\/|[a-z][a-z\d+.-]*:|\.\.(?:\/|$))/i.test(written.replaceAll('\\', '/'));
}

/** The folders and the file of a path, without `.` and `..`. */
export function partsOf(written: string): string[] {
  return written.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
}

/** Decodes percent-encoding. Bytes that are not UTF-8 are read as windows-1252, as old scripts encode them. */
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
