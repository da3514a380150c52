// Sets up what a fresh clone lacks: packages (pnpm), native TensorFlow and pretrained weights. Plain JavaScript without
// imports from npm, because it runs before anything is installed. Everything it prints goes to stderr.
//   node scripts/setup.mjs            checks everything, and retries what failed before
//   node scripts/setup.mjs --gpu      installs TensorFlow for NVIDIA GPUs even if no driver is found
//   node scripts/setup.mjs --clean    removes TensorFlow
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Node's arguments for running the workspace's TypeScript sources without a build, from any folder. */
export function typescript() {
  return ['--conditions=@dn-detr/source', '--import', import.meta.resolve('tsx')];
}

const pnpm = JSON.parse(read(path.join(root, 'package.json'))).packageManager;
const stampFile = path.join(root, 'node_modules', '.setup-stamp');

/**
 * Brings packages and native TensorFlow up to date; `thorough` checks and retries everything. `weights` also downloads the
 * pretrained weights that recipes and tests use; otherwise a run downloads them when it needs them.
 */
export function setUp({ thorough = false, weights = false, gpu = false } = {}) {
  bringPackages();
  const options = thorough ? ['--thorough'] : [];
  provision('native TensorFlow', [nativeProgram, ...options, ...(gpu ? ['--gpu'] : [])]);
  const pretrained = path.join('packages', 'train', 'src', 'pretrained', 'set-up.ts');
  if (weights) provision('pretrained weights', [pretrained, ...options]);
  if (thorough) say('ready');
}

const nativeProgram = path.join('packages', 'runtime', 'src', 'native', 'main.ts');

/** Runs a program of the workspace, which prints what it could not install. */
function provision(what, program) {
  const child = spawnSync(process.execPath, [...typescript(), ...program], { cwd: root, stdio: ['ignore', 2, 2] });
  if (child.signal) process.kill(process.pid, child.signal);
  if (child.status !== 0) fail(`provisioning ${what} ended with ${child.status}`);
}

function bringPackages() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) fail(`this is Node ${process.versions.node}: Node 20 or later is needed`);
  if (read(stampFile) !== packagesHash()) withInstallLock(installPackages);
}

function installPackages() {
  if (read(stampFile) === packagesHash()) return;
  say(`installing packages with ${pnpm}`);
  const started = Date.now();
  // npm passes its settings on as variables, about which a nested npm would warn.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_config_')));
  const install = ['--yes', pnpm, 'install', '--frozen-lockfile', '--reporter=append-only'];
  const child = spawnSync('npx', install, { cwd: root, stdio: ['ignore', 2, 2], env });
  if (child.error) fail(`npx cannot be started: ${child.error.message}`);
  if (child.signal) process.kill(process.pid, child.signal);
  if (child.status !== 0) fail(`installing packages failed (see above); check the network and run npm run setup again`);
  writeFileSync(stampFile, packagesHash());
  say(`packages installed in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

/** Makes simultaneous set-ups of one checkout wait for each other; the lock of a process that has ended is taken over. */
function withInstallLock(work) {
  const lock = path.join(root, '.setup-lock');
  for (let waited = false; ; waited = true) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!isRunning(Number(read(path.join(lock, 'pid')) || 'NaN'))) {
        rmSync(lock, { recursive: true, force: true });
        continue;
      }
      if (!waited) say('waiting for another set-up of this checkout');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    }
  }
  try {
    writeFileSync(path.join(lock, 'pid'), String(process.pid));
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** A hash of the lockfile, the packages' manifests and Node's major version. */
function packagesHash() {
  const packages = readdirSync(path.join(root, 'packages')).map((name) => path.join('packages', name));
  const manifests = ['.', 'experiments', 'test', ...packages].map((folder) => path.join(folder, 'package.json'));
  const hash = createHash('sha256').update(process.versions.node.split('.')[0]);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests]) hash.update(read(path.join(root, file)));
  return hash.digest('hex');
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function say(text) {
  process.stderr.write(`[setup] ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = process.argv.slice(2);
  const unknown = options.find((option) => option !== '--gpu' && option !== '--clean');
  if (unknown !== undefined) fail(`unknown option '${unknown}': expected --gpu or --clean`);
  if (options.includes('--clean')) {
    bringPackages();
    provision('a clean cache', [nativeProgram, '--clean']);
  } else setUp({ thorough: true, weights: true, gpu: options.includes('--gpu') });
}
