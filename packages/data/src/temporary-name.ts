/** Names for files that are written next to their final place and then renamed: never longer than the final name. */

/** Bytes of a name as file systems count them. */
const bytesOf = (name: string): number => Buffer.byteLength(name);

/** The longest beginning of a text that has at most `bytes` bytes as UTF-8 and ends between two characters. */
export function cutToBytes(text: string, bytes: number): string {
  let cut = '';
  let room = bytes;
  for (const character of text) {
    room -= bytesOf(character);
    if (room < 0) break;
    cut += character;
  }
  return cut;
}

/** Characters that no meaningful file name consists of, and that all systems and shells accept. */
const marks = '_+,@=^%';
const mostMarks = 8;
/** Shorter names of these characters may be a user's, so they are not recognised as temporary. */
const fewestMarks = 5;

/**
 * Names to try until one is free, none longer than `name` in bytes: a file system that accepts the final name accepts
 * them. The first is `.NAME~PID.tmp` with the process id in base 36 and NAME cut to fit; if that is taken, or `name`
 * has no room for it, a few punctuation marks drawn at random. Create the file or folder exclusively (`wx`, `mkdir`),
 * because another process may draw the same name.
 *
 * @param name the final name, without its folder
 */
export function* temporaryNames(name: string): Generator<string, void> {
  const end = `~${process.pid.toString(36)}.tmp`;
  const room = bytesOf(name) - 1 - end.length;
  if (room >= 0) yield `.${cutToBytes(name, room)}${end}`;
  const length = Math.min(bytesOf(name), mostMarks);
  for (let tries = 0; tries < 100; tries++) {
    const drawn = Array.from({ length }, () => marks[Math.floor(Math.random() * marks.length)]).join('');
    if (drawn !== name) yield drawn;
  }
}

/**
 * The process that a temporary name belongs to: its id, also in the form `.NAME.PID.tmp` of earlier versions; `unknown`
 * where the name has no room for it; undefined if it is not a temporary name.
 */
export function temporaryNameWriter(name: string): number | 'unknown' | undefined {
  const [, pid, earlier] = /^\.(?:.*~([0-9a-z]{1,7})|.+\.(\d{1,10}))\.tmp$/su.exec(name) ?? [];
  if (pid !== undefined) return Number.parseInt(pid, 36);
  if (earlier !== undefined) return Number(earlier);
  const drawn =
    name.length >= fewestMarks && name.length <= mostMarks && Array.from(name).every((c) => marks.includes(c));
  return drawn ? 'unknown' : undefined;
}
