import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from './cache-folder.ts';

describe('cacheFolder', () => {
  it('honours XDG_CACHE_HOME if it is absolute', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/x y' })).toBe('/x y/dn-detr');
    expect(cacheFolder({ XDG_CACHE_HOME: 'relative' })).toBe(path.join(os.homedir(), '.cache', 'dn-detr'));
    expect(cacheFolder({})).toBe(path.join(os.homedir(), '.cache', 'dn-detr'));
  });
});
