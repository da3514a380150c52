/** Runs the ops' code for less capable processors than this one, which must pass the ops' own tests. */
import path from 'node:path';
import { runProcess } from '@dn-detr/testing/process';
import { root } from '@dn-detr/testing/readme';
import { expect, it } from 'vitest';
import { useBackend } from '../backend.ts';

const { tensorflow } = await useBackend();
const { instructionSet: best } = tensorflow?.ops ?? {};

const tests = [
  'packages/runtime/src/ops/native-ops.integration.test.ts',
  'packages/runtime/src/ops/depthwise-conv.integration.test.ts',
  'packages/core/src/nn/deformable-sampling.test.ts',
  'packages/core/src/nn/native-ops.integration.test.ts',
];

/** Separate processes, since a function of an op keeps its choice of code. */
it.for(['avx2', 'plain'])(
  'the native ops give the same results as the composed ones, with code for %s',
  { timeout: 180_000 },
  async (set, { skip }) => {
    skip(best === undefined, tensorflow?.ops.reason ?? 'there is no native TensorFlow');
    skip(set === 'avx2' && best === 'plain', 'this processor has no AVX2');
    const vitest = path.join(root, 'node_modules', '.bin', 'vitest');
    const env = { ...process.env, DN_DETR_NATIVE_OPS: set };
    const { code, stdout, stderr } = await runProcess(vitest, ['run', '--maxWorkers=1', ...tests], { cwd: root, env });
    expect(code, stdout + stderr).toBe(0);
  },
);
