/** Environment variables that TensorFlow and NVIDIA's libraries read when they are loaded. */

/** Freedoms of an NVIDIA GPU. */
export interface GpuOptions {
  /**
   * Whether products and convolutions of float32 may round what they multiply to TF32, as TensorFlow lets them by itself.
   *
   * @defaultValue false
   */
  readonly tf32?: boolean;
  /**
   * Whether ops give the same bits each time. Ops that cannot fail with TensorFlow's message.
   *
   * @defaultValue false
   */
  readonly deterministic?: boolean;
}

/**
 * Call it before TensorFlow is loaded. The options hold whatever the environment says, since they are stored with a run; how
 * memory is allocated changes no number, so there the environment holds.
 */
export function setGpuVariables({ tf32 = false, deterministic = false }: GpuOptions = {}): void {
  set('NVIDIA_TF32_OVERRIDE', tf32 ? undefined : '0');
  set('TF_DETERMINISTIC_OPS', deterministic ? '1' : undefined);
  set('TF_CUDNN_DETERMINISTIC', deterministic ? '1' : undefined);
  // Otherwise TensorFlow takes all of the GPU's memory at once, and other processes find none.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
}

function set(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
