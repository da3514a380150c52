/**
 * Checks that TensorFlow finds all of NVIDIA's libraries where set-up has placed them. TensorFlow opens them only where
 * there is a driver, so a separate process has a mock driver. Set-up installs the libraries with
 * `npm run setup -- --gpu`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findNative } from './find.ts';
import { findDriver } from './gpu-driver.ts';
import { tensorflowGpu } from './wheel.ts';

const { addon } = await findNative([tensorflowGpu]);
const isThere = addon?.includes('addon-') ?? false;
if (!isThere) {
  process.stderr.write(
    'no TensorFlow for NVIDIA GPUs here: whether it finds its libraries is not tested (npm run setup -- --gpu)\n',
  );
}

describe.skipIf(!isThere)('TensorFlow for NVIDIA GPUs', () => {
  /** What TensorFlow logs when it starts, and the types of its devices. */
  function start(environment: NodeJS.ProcessEnv): { said: string; devices: string } {
    const script = `process.stdout.write(require(${JSON.stringify(addon)}).start(new Uint8Array()).devices().map((d) => d.type).join())`;
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '0', ...environment };
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
    return { said: stderr, devices: stdout };
  }

  it('finds all libraries, with a mock driver', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-driver-'));
    const source = fileURLToPath(new URL('../testing/pretended-driver.c', import.meta.url));
    for (const library of ['libcuda.so.1', 'libnvidia-ml.so.1']) {
      execFileSync('cc', ['-shared', '-fPIC', source, '-o', path.join(folder, library)]);
    }
    const env = { LD_LIBRARY_PATH: folder };
    expect(findDriver(env)).toBe(path.join(folder, 'libcuda.so.1'));
    const { said } = start(env);
    // It has seen the GPU and opened the libraries that compute on it.
    expect(said).toMatch(/cuda_executor|gpu_device|cudaGetDevice/);
    expect(said).not.toMatch(/Cannot dlopen|Could not load dynamic library/);
  });

  it.skipIf(findDriver() !== undefined)('runs on the CPU where there is no driver', () => {
    expect(start({}).devices).toBe('CPU');
  });
});
