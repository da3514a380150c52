/** The backend options that a run's configuration asks for. */
import type { BackendOptions } from '@dn-detr/runtime';
import type { RunConfig } from './config/schema.ts';

/** The options of `useBackend` for a process that trains or evaluates with this configuration. */
export const backendOptionsOf = ({ threadsPerOp, gpu }: Pick<RunConfig, 'threadsPerOp' | 'gpu'>): BackendOptions => ({
  ...(threadsPerOp > 0 && { threadsPerOp }),
  gpu,
});
