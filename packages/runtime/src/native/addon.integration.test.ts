/** Tests the addon in separate processes, because TensorFlow is configured once per process. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { findNative } from './find.ts';

const native = await findNative();
const own = native.addon !== undefined && /^addon-/.test(native.addon.split('/').at(-1) as string);

/** ConfigProto with `device_count: { key: 'CPU', value: 2 }`. */
const twoDevices = '0a070a03435055' + '1002';

/**
 * The value that a piece of JavaScript assigns to `result`. It can use `binding`, started with a configuration in
 * hexadecimal digits.
 */
const run = (config: string, script: string): unknown =>
  JSON.parse(
    execFileSync(
      process.execPath,
      [
        '-e',
        `const binding = require(process.argv[1]).start(Buffer.from(process.argv[2], 'hex'));
         let result;
         ${script}
         process.stdout.write(JSON.stringify(result));`,
        native.addon as string,
        config,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    ),
  );

describe.skipIf(!own)('the addon', () => {
  it('has the devices of its configuration, places tensors on the first one, and copies them', () => {
    const found = run(
      twoDevices,
      `const devices = binding.devices();
       const first = binding.createTensor([2], binding.TF_FLOAT, Float32Array.of(1, 2));
       const second = binding.copyTo(first, devices[1].name);
       const values = [...binding.tensorDataSync(second)];
       const count = binding.getNumOfTensors();
       const memory = devices.every(({ memory }) => memory > 0);
       result = { devices: devices.map(({ name, type }) => [name.slice(-12), type]), memory, values, count,
         places: [first, second].map((id) => binding.deviceOf(id).slice(-5)) };`,
    );
    expect(found).toEqual({
      devices: [
        ['device:CPU:0', 'CPU'],
        ['device:CPU:1', 'CPU'],
      ],
      memory: true,
      values: [1, 2],
      count: 2,
      places: ['CPU:0', 'CPU:1'],
    });
    expect(run('', 'result = binding.devices().length')).toBe(1);
  });

  it('reports mistakes in its arguments', () => {
    const found = run(
      '',
      `const message = (run) => { try { run(); } catch (error) { return error.message; } };
       const id = binding.createTensor([], binding.TF_FLOAT, Float32Array.of(1));
       const { start } = require(process.argv[1]);
       result = [() => binding.deviceOf(99), () => binding.copyTo(id, 'nowhere'), () => binding.removeFunction('none'),
         () => binding.profileSessions('yes'), () => binding.addFunction('graph'), () => binding.addFunction(Buffer.of(1, 2), 'broken', [], []),
         () => binding.addFunction(new Uint8Array(), 'empty', [], ['n0:0']), () => start(new Uint8Array())].map(message);`,
    );
    expect(found).toEqual([
      'there is no tensor 99',
      'nowhere unknown device.',
      expect.stringContaining('none'),
      'an argument is missing or has an unexpected type',
      'an argument is missing or has an unexpected type',
      expect.stringContaining('GraphDef'),
      'the graph has no node of n0:0',
      'TensorFlow has already been started in this thread',
    ]);
  });
});
