import { Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { addFolderOptions, openOptions } from './folder-options.ts';

const parsed = (...args: string[]) =>
  openOptions(
    addFolderOptions(new Command())
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .parse(args, { from: 'user' })
      .opts(),
  );

describe('the options of a folder', () => {
  it.each<[string[], object]>([
    [[], { vocOrigin: 0, pixels: {} }],
    [['--format', 'voc', '--voc-origin', '1'], { format: 'voc', vocOrigin: 1, pixels: {} }],
    [['--bands', '4,3,2'], { vocOrigin: 0, pixels: { bands: [4, 3, 2] } }],
    [
      ['--bands', '1, 1, 1', '--max-pixels', '400000000'],
      { vocOrigin: 0, pixels: { bands: [1, 1, 1], maxPixels: 4e8 } },
    ],
  ])('%j are read as %j', (args, options) => expect(parsed(...args)).toEqual(options));

  it.each([
    ['--bands', '4,3'],
    ['--bands', '4,3,2,1'],
    ['--bands', '0,1,2'],
    ['--bands', '1,,2'],
    ['--bands', 'r,g,b'],
    ['--bands', '1.5,2,3'],
    ['--max-pixels', '0'],
    ['--max-pixels', '1e400'],
  ])('%s %s is refused', (...args) => expect(() => parsed(...args)).toThrow(CommanderError));
});
