/** Reads headings, links and code blocks from the documentation’s pages. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packages, root } from '@dn-detr/testing/readme';

/** Paths of all pages, relative to the repository’s root. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...packages.map((name) => `packages/${name}/README.md`),
];

export const textOf = (page: string): string => readFileSync(path.join(root, page), 'utf8');

export interface Block {
  /** The text after the opening backticks, such as `sh` or `ts src/file.ts`. */
  readonly info: string;
  readonly code: string;
  /** Number of the section, which is the number of headings before the block. */
  readonly section: number;
}

/** The fenced blocks of a page, in order, including indented blocks in lists. */
export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  return [...text.matchAll(/^( *)```([^\n`]*)\n([\s\S]*?)^\1```$/gm)].map(({ index, 2: info = '', 3: code = '' }) => ({
    info: info.trim(),
    code,
    section: [...text.slice(0, index).matchAll(/^#+ /gm)].length,
  }));
}

const prose = (page: string): string => textOf(page).replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');

/** The anchors that GitHub makes from a page's headings. */
export function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>();
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => {
    const words = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

export interface Link {
  readonly from: string;
  /** The target as written. */
  readonly target: string;
  /** The page or file that it leads to, relative to the root; undefined for web addresses. */
  readonly file: string | undefined;
  /** The anchor on that page; undefined for its top. */
  readonly anchor: string | undefined;
}

/** All links and pictures of a page. */
export function linksOf(page: string): Link[] {
  const withoutCode = prose(page).replaceAll(/`[^`\n]*`/g, '');
  return [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return { from: page, target, file: undefined, anchor: undefined };
    const [file = '', anchor] = target.split('#');
    return {
      from: page,
      target,
      file: file === '' ? page : path.posix.join(path.posix.dirname(page), file),
      anchor,
    };
  });
}
