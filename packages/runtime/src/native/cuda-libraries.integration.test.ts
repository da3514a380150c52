/**
 * Checks that TensorFlow finds all of NVIDIA's libraries where set-up has placed them. TensorFlow opens them only where
 * there is a driver, so a separate process has a mock driver. Set-up installs the libraries with
 * `npm run setup -- --gpu`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
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

  /** Environment in which a driver pretends to be there. */
  function pretendDriver(): { LD_LIBRARY_PATH: string } {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-driver-'));
    const source = fileURLToPath(new URL('../testing/pretended-driver.c', import.meta.url));
    for (const library of ['libcuda.so.1', 'libnvidia-ml.so.1']) {
      execFileSync('cc', ['-shared', '-fPIC', source, '-o', path.join(folder, library)]);
    }
    return { LD_LIBRARY_PATH: folder };
  }

  it('finds all libraries beside a driver that pretends', () => {
    const env = pretendDriver();
    expect(findDriver(env)).toBe(path.join(env.LD_LIBRARY_PATH, 'libcuda.so.1'));
    const { said } = start(env);
    // It has seen the GPU and opened the libraries that compute on it.
    expect(said).toMatch(/cuda_executor|gpu_device|cudaGetDevice/);
    expect(said).not.toMatch(/Cannot dlopen|Could not load dynamic library/);
  });

  it('goes on with the CPU where the driver does not do, and says why', () => {
    const script = `import { useBackend } from ${JSON.stringify(new URL('../backend.ts', import.meta.url))};
      process.stdout.write(JSON.stringify(await useBackend()));`;
    const node = ['--conditions=@dn-detr/source', '--import', import.meta.resolve('tsx'), '--input-type=module'];
    const env = { ...process.env, DN_DETR_GPU: '', ...pretendDriver() };
    const choice = JSON.parse(execFileSync(process.execPath, [...node, '-e', script], { env, encoding: 'utf8' }));
    expect(choice).toMatchObject({
      notice: expect.stringMatching(/does not start on the NVIDIA GPU and runs on the CPU: cudaGetDevice/),
      tensorflow: { cuda: true, gpu: false, gpuFailure: expect.stringMatching(/^cudaGetDevice/) },
    });
    // Native ops are for the CPU.
    expect(choice.tensorflow.ops.names).not.toEqual([]);
  });

  it.each([
    // Opened only when a step computes, so that TensorFlow's start says nothing of them.
    ['nvidia/cudnn/lib/libcudnn_graph.so.9', 'libnvrtc.so.12'],
    ['nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9', 'libcublasLt.so.12'],
    ['nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9', 'libcudnn_graph.so.9'],
    ['nvidia/nvrtc/lib/libnvrtc.so.12', 'libnvrtc-builtins.so.12.5'],
    ['nvidia/cufft/lib/libcufft.so.11', 'libnvJitLink.so.12'],
    ['tensorflow/libtensorflow_framework.so.2', 'libcusolver.so.11'],
  ])('%s has a search path to %s', (library, opened) => {
    const file = path.join(path.dirname(path.dirname(addon as string)), library);
    const sections = execFileSync('readelf', ['--dynamic', file], { encoding: 'utf8' });
    const [, folders = ''] = /R(?:UN)?PATH.*\[(.*)\]/.exec(sections) ?? [];
    const found = folders
      .replaceAll('$ORIGIN', path.dirname(file))
      .split(':')
      .filter((folder) => existsSync(path.join(folder, opened)));
    expect(found).not.toEqual([]);
  });

  it.skipIf(findDriver() !== undefined)('runs on the CPU where there is none', () => {
    expect(start({}).devices).toBe('CPU');
  });
});
