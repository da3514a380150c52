/**
 * Results of native ops with different numbers of threads, each in a separate process, since a process fixes its number
 * once.
 */
import { execFileSync } from 'node:child_process';

/**
 * For 1, 2 and 5 threads, the SHA-256 of the tensors that a separate process computes.
 *
 * @param module the addon for Node, and the module of native ops
 * @param compute javaScript that fills `results`, using the addon's `binding` and `tensor(...shape)`, which creates a
 *   tensor and returns its id
 */
export const hashByThreads = (module: { readonly addon: string; readonly ops: string }, compute: string): string[] =>
  ['1', '2', '5'].map((threads) =>
    execFileSync(process.execPath, ['-e', script(compute), module.addon, module.ops], {
      env: { ...process.env, TF_NUM_INTRAOP_THREADS: threads },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );

const script = (compute: string): string => `
const [addon, ops] = process.argv.slice(1);
const module = require(addon);
// The stock addon is itself a binding.
const binding = module.start?.(new Uint8Array()) ?? module;
require(ops);
const tensor = (...shape) => {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return binding.createTensor(shape, binding.TF_FLOAT, Float32Array.from({ length: size }, (_, i) => Math.sin(i * i) ** 2));
};
const results = [];
${compute}
const hash = require('node:crypto').createHash('sha256');
for (const { id } of results) hash.update(binding.tensorDataSync(id));
process.stdout.write(hash.digest('hex'));
`;
