/** The code in `docs` is code that is here, checked and run: each `ts` block names a file, and stands in it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '@dn-detr/testing/readme';
import { describe, expect, it } from 'vitest';

const textOf = (...file: string[]) => readFileSync(path.join(root, ...file), 'utf8');
const withoutIndent = (text: string) => text.replaceAll(/^[ ]+/gm, '');

const blocks = readdirSync(path.join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => [...textOf('docs', name).matchAll(/^```[tj]s ?(.*)\n([\s\S]*?)^```$/gm)].map((m) => ({ name, m })))
  .map(({ name, m: [, file = '', code = ''] }, n) => ({ place: `${name}, block ${n + 1}`, file, code }));

describe('the code in docs', () => {
  it('is there', () => expect(blocks.length).toBeGreaterThan(0));

  it.each(blocks)('$place: $file', ({ file, code }) => {
    expect(file, 'the file that it is from').not.toBe('');
    expect(withoutIndent(textOf(file))).toContain(withoutIndent(code));
  });
});
