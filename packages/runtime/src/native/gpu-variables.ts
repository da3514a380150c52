/** Environment variables that TensorFlow and NVIDIA's libraries read when they are loaded. */

/** Options of NVIDIA GPUs. */
export interface GpuOptions {
  /**
   * Whether matrix products and convolutions of float32 may round their operands to TF32, which TensorFlow allows by
   * default.
   *
   * @defaultValue false
   */
  readonly tf32?: boolean;
  /**
   * Whether ops give the same bits each time. Ops that cannot do so fail with a message from TensorFlow.
   *
   * @defaultValue false
   */
  readonly deterministic?: boolean;
}

/**
 * Sets the environment variables; call it before TensorFlow is loaded. The options override the environment, since they
 * are stored with a run. How memory is allocated does not affect results, so there the environment takes precedence.
 */
export function setGpuVariables({ tf32 = false, deterministic = false }: GpuOptions = {}): void {
  set('NVIDIA_TF32_OVERRIDE', tf32 ? undefined : '0');
  set('TF_DETERMINISTIC_OPS', deterministic ? '1' : undefined);
  set('TF_CUDNN_DETERMINISTIC', deterministic ? '1' : undefined);
  // Otherwise TensorFlow takes all of the GPU's memory at once and leaves none to other processes.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
}

function set(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
