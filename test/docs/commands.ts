/** Reads the commands on the documentation's pages. */
import { blocksOf } from './markdown.ts';

export interface Command {
  /** Arguments after `npm start --`. */
  readonly args: readonly string[];
  /** Lines that it prints, from the next block of the section if it is `text`; `…` marks lines that are left out. */
  readonly shown: string | undefined;
}

/** The commands after `npm start --` in the `sh` blocks of a page, in order. */
export function commandsOf(page: string): Command[] {
  const blocks = blocksOf(page);
  return blocks.flatMap(({ info, code, section }, i) => {
    if (info !== 'sh') return [];
    const next = blocks[i + 1];
    const isOutput = next?.info === 'text' && next.section === section;
    const lines = code.replaceAll('\\\n', ' ').split('\n');
    const found = lines.flatMap((line) => /^npm start -- (.*)$/.exec(line.trim())?.[1] ?? []);
    return found.map((line, n) => ({
      args: words(line),
      shown: n === found.length - 1 && isOutput ? next.code : undefined,
    }));
  });
}

/** Splits a line into words like a shell: quotes keep words together, and a comment ends the line. */
function words(line: string): string[] {
  const uncommented = line.replace(/\s+#.*$/, '');
  return [...uncommented.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''),
  );
}
