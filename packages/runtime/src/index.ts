/**
 * Backends and captured functions.
 *
 * @module @dn-detr/runtime
 */
export {
  type BackendChoice,
  BackendError,
  type BackendName,
  type BackendOptions,
  backendNames,
  backendVariable,
  useBackend,
} from './backend.ts';
export { type Captured, type CaptureOptions, type CaptureStats, capture } from './capture/capture.ts';
export { CaptureError } from './capture/capture-error.ts';
export { type HostArray, type HostInput, type HostReads, host } from './capture/host.ts';
export { type HostValue, hostValue, readHostValue } from './capture/host-value.ts';
export { type OpProfile, type OpTiming, profileOps } from './capture/profile.ts';
export { type RandomStream, randomStream } from './capture/random.ts';
export type { GpuOptions } from './native/gpu-variables.ts';
