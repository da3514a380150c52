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
export { type HostArray, host } from './capture/host.ts';
export { type RandomStream, randomStream } from './capture/random.ts';
export { CaptureError } from './capture/trace.ts';
