/**
 * Intercepts the calls between the toolkit and its native addon: the configuration of TensorFlow, and the addon's
 * functions.
 */

/** The functions of the addon's binding that tests use. */
export interface AddonBinding {
  isUsingGpuDevice(): boolean;
  createTensor(shape: number[], dtype: number, values: NodeJS.TypedArray): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): NodeJS.TypedArray;
  executeOp(
    name: string,
    attributes: unknown[],
    inputIds: number[],
    outputCount: number,
  ): { id: number; shape: number[]; dtype: number }[];
  addFunction(graph: Uint8Array, name: string, inputs: string[], outputs: string[]): void;
  /** Name of the device that holds a tensor's values. */
  deviceOf(id: number): string;
  /** Copies a tensor to the device with this name. */
  copyTo(id: number, device: string): number;
}

/**
 * Changes the binding that the addon will return when it is loaded later in this process.
 *
 * @param replacements makes the functions that replace the binding's
 * @param config a serialised ConfigProto for TensorFlow
 */
export function interceptAddon(
  replacements: (binding: AddonBinding) => Partial<AddonBinding>,
  config = new Uint8Array(),
): void {
  const { dlopen } = process;
  process.dlopen = (module: { exports: { start?(config: Uint8Array): AddonBinding } }, ...file): void => {
    dlopen(module, ...(file as [string]));
    const { start } = module.exports;
    if (start === undefined) return;
    module.exports = {
      start() {
        const binding = start(config);
        return Object.setPrototypeOf(replacements(binding), binding);
      },
    };
  };
}
