/** Tests that each `ts` block in `docs` names a file of the repository and is contained in it, so that it is checked and run. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '@dn-detr/testing/readme';
import { describe, expect, it } from 'vitest';
import { blocksOf, pages } from './markdown.ts';

const withoutIndent = (text: string) => text.replaceAll(/^[ ]+/gm, '');

const blocks = pages
  .filter((page) => page.startsWith('docs/'))
  .flatMap((page) => blocksOf(page).map((block, n) => ({ place: `${page}, block ${n + 1}`, ...block })))
  .filter(({ info }) => /^[tj]s\b/.test(info))
  .map(({ place, info, code }) => ({ place, file: info.split(' ')[1] ?? '', code }));

describe('the code in docs', () => {
  it('is there', () => expect(blocks.length).toBeGreaterThan(0));

  it.each(blocks)('$place: $file', ({ file, code }) => {
    expect(file, 'the file that it is from').not.toBe('');
    expect(withoutIndent(readFileSync(path.join(root, file), 'utf8'))).toContain(withoutIndent(code));
  });
});
