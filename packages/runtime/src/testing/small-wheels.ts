/** Wheels of a few kilobytes that pip accepts, created with Python's zipfile, to replace the real ones. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { nativeFolder } from '../native/cache.ts';
import type { CudaWheel } from '../native/cuda-wheels.ts';
import { type TensorFlowWheel, tensorflowCpu } from '../native/wheel.ts';
import type { Wheel } from '../wheel/wheel.ts';

/**
 * A Python function that packs files into a wheel, with the metadata that pip requires. Each file is given as a path or
 * as text.
 */
const pack = `
import json, os, subprocess, sys, zipfile
out, distribution, version, tag = sys.argv[1:5]
def pack(files):
    with zipfile.ZipFile(out, 'w') as wheel:
        for member, (kind, value) in files.items():
            wheel.write(value, member) if kind == 'file' else wheel.writestr(member, value)
        info = f'{distribution.replace("-", "_")}-{version}.dist-info/'
        wheel.writestr(info + 'METADATA', f'Metadata-Version: 2.1\\nName: {distribution}\\nVersion: {version}\\n')
        wheel.writestr(info + 'WHEEL', f'Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: {tag}\\n')
        wheel.writestr(info + 'License.txt', 'a licence')
        wheel.writestr(info + 'RECORD', '')
`;

/**
 * Creates a small wheel in the folder `index`.
 *
 * @returns the description of the wheel with the size and hash of the small one
 */
function makeWheel<W extends Wheel>(wheel: W, index: string, script: string, ...args: string[]): W {
  const { distribution, version, platform, pythonVersion, abi } = wheel;
  const python = abi === 'none' ? 'py3' : `cp${pythonVersion.replace('.', '')}`;
  const tag = `${python}-${abi}-${platform}`;
  const file = path.join(index, `${distribution.replaceAll('-', '_')}-${version}-${tag}.whl`);
  execFileSync('python3', ['-c', `${pack}\n${script}`, file, distribution, version, tag, ...args]);
  const bytes = readFileSync(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...wheel, sha256, bytes: bytes.length, unpackedBytes: bytes.length };
}

/** A wheel with two empty libraries and the headers of the TensorFlow that set-up has installed. */
export function smallTensorFlow(wheel: TensorFlowWheel, index: string): TensorFlowWheel {
  const script = `
include, scratch = sys.argv[5:]
files = {}
for name in ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']:
    library = os.path.join(scratch, name)
    subprocess.run(['c++', '-shared', '-x', 'c++', '/dev/null', '-o', library], check=True)
    files['tensorflow/' + name] = ('file', library)
for folder, _, names in os.walk(include):
    for name in names:
        path = os.path.join(folder, name)
        files['tensorflow/include/' + os.path.relpath(path, include)] = ('file', path)
pack(files)`;
  return makeWheel(wheel, index, script, path.join(nativeFolder(tensorflowCpu), 'include'), path.dirname(index));
}

/** A wheel of NVIDIA's with text files in place of libraries. */
export function smallCuda(wheel: CudaWheel, index: string, libraries: readonly string[]): CudaWheel {
  const script = `
part, libraries = sys.argv[5], json.loads(sys.argv[6])
files = {f'nvidia/{part}/lib/{name}': ('text', f'{part} {name}') for name in libraries}
files[f'nvidia/{part}/include/header.h'] = ('text', 'not wanted')
files[f'nvidia/{part}/lib/__init__.py'] = ('text', 'not wanted')
pack(files)`;
  return makeWheel(wheel, index, script, wheel.part, JSON.stringify(libraries));
}
