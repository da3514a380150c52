/**
 * Backends and captured functions.
 *
 * @module @dn-detr/runtime
 */
export {
  type BackendChoice,
  type BackendName,
  type BackendOptions,
  backendNames,
  backendVariable,
  type TensorFlowChoice,
  useBackend,
} from './backend.ts';
export { BackendError } from './backend-error.ts';
export { type Captured, type CaptureOptions, type CaptureStats, capture } from './capture/capture.ts';
export { CaptureError } from './capture/capture-error.ts';
export { type HostArray, type HostInput, type HostReads, host } from './capture/host.ts';
export { type HostValue, hostValue, readHostValue } from './capture/host-value.ts';
export { type OpProfile, type OpTiming, profileOps } from './capture/profile.ts';
export { type RandomStream, randomStream } from './capture/random.ts';
export type { Device } from './native/binding.ts';
export { whyNoCuda } from './native/find.ts';
export { askDriver, type DriverGpu, findDriver, gpuSwitch, isNewEnough, oldestDriver } from './native/gpu-driver.ts';
export type { GpuOptions } from './native/gpu-variables.ts';
