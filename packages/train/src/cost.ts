/** The cost of a model: its parameters, and the multiply-adds of one forward pass. */
import type { Detector, KnownInputs } from '@dn-detr/core';
import type { ParameterGroup } from '@dn-detr/core/nn';
import {
  _FusedMatMul,
  BatchMatMul,
  Conv2D,
  DepthwiseConv2dNative,
  FusedConv2D,
  FusedDepthwiseConv2D,
  fill,
  getBackend,
  getKernel,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type Rank,
  registerKernel,
  type TensorInfo,
  tidy,
  unregisterKernel,
  util,
} from '@tensorflow/tfjs-core';

/** The input whose cost is counted: one image, without padding. */
export interface CostInput {
  readonly height: number;
  readonly width: number;
  /** K, the number of known queries of a pass in training. @defaultValue 0, as at inference */
  readonly knownQueries?: number;
}

/** The cost of a model: parameters and multiply-adds. */
export interface ModelCost {
  readonly input: CostInput;
  readonly parameters: {
    /** Number of trained parameters, which DETR and its successors report. */
    readonly trained: number;
    /**
     * Number of all others: frozen weights, and all four tensors of frozen batch norms, which PyTorch counts as
     * buffers.
     */
    readonly frozen: number;
    /** Number of trained parameters in each optimiser group. */
    readonly byGroup: Readonly<Partial<Record<ParameterGroup, number>>>;
  };
  /**
   * Multiply-adds of matrix products, convolutions and deformable sampling in a forward pass, which papers call FLOPs;
   * nothing else is counted.
   */
  readonly macs: number;
  /** 2 × `macs`: one multiplication and one addition each. */
  readonly flops: number;
}

/**
 * Runs a forward pass on zeros and counts the multiply-adds of its kernels. It takes the time and memory of one image
 * at inference.
 *
 * @throws Error if known queries are counted and the model takes none
 */
export function modelCost(detector: Pick<Detector, 'parameters' | 'forward'>, input: CostInput): ModelCost {
  const { height, width, knownQueries = 0 } = input;
  const byGroup: Partial<Record<ParameterGroup, number>> = {};
  let frozen = 0;
  for (const { group, shape } of detector.parameters) {
    const size = util.sizeFromShape([...shape]);
    if (group === 'frozen') frozen += size;
    else byGroup[group] = (byGroup[group] ?? 0) + size;
  }
  const trained = Object.values(byGroup).reduce((sum, size) => sum + size, 0);
  const macs = countMacs(() => {
    const tensors = Object.fromEntries(detector.parameters.map(({ name, shape }) => [name, fill([...shape], 0)]));
    const images = fill<Rank.R4>([1, height, width, 3], 0);
    detector.forward(tensors, { images }, knownQueries > 0 ? knownInputs(knownQueries) : undefined);
  });
  return { input, parameters: { trained, frozen, byGroup }, macs, flops: 2 * macs };
}

/** K known queries for one image; masks do not change any product. */
function knownInputs(count: number): KnownInputs {
  return { labels: fill<Rank.R2>([1, count], 0, 'int32'), anchors: fill<Rank.R3>([1, count, 4], 0) };
}

/** Counts the multiply-adds that a kernel took to compute its output. */
type MacsOf = (inputs: NamedTensorInfoMap, output: TensorInfo, attributes: NamedAttrMap | undefined) => number;

/** Product of a `[..., M, K]`, or its transpose, and b with output `[..., M, N]`: K for each output number. */
const product: MacsOf = ({ a }, { shape }) => {
  const [rows = 0, columns = 0] = (a as TensorInfo).shape.slice(-2);
  return util.sizeFromShape(shape) * ((rows * columns) / (shape.at(-2) as number));
};

/** Filter `[height, width, in, out]`: height × width × in for each output number. */
const convolution: MacsOf = ({ filter }, { shape }) =>
  util.sizeFromShape(shape) * util.sizeFromShape((filter as TensorInfo).shape.slice(0, 3));

/**
 * Filter `[height, width, in, outputs per input]`, or `[height, width, 1, in]`: height × width for each output number.
 */
const depthwise: MacsOf = ({ filter }, { shape }) =>
  util.sizeFromShape(shape) * util.sizeFromShape((filter as TensorInfo).shape.slice(0, 2));

/**
 * Weights `[B, Q, H, L, P]` and values give `[B, Q, d]`: each of the L·P samples is a weighted sum of its four
 * neighbours. The product in the version composed of tfjs kernels is the same.
 */
const deformableSampling: MacsOf = ({ weights }, { shape }) => {
  const [, , , levels = 0, points = 0] = (weights as TensorInfo).shape;
  return util.sizeFromShape(shape) * levels * points * 4;
};

/**
 * Queries `[B*Q, H*e]`, keys `[B*K, H*e]` and values `[B*K, H*d]`, or queries and keys in one tensor: in each head,
 * every pair of a query and a key takes e for the score and d for the weighted values.
 */
const attention: MacsOf = ({ q, qk, v }, _, attributes) => {
  const [rows, width] = (q ?? (qk as TensorInfo)).shape as [number, number];
  const [keys, valueWidth] = (v as TensorInfo).shape as [number, number];
  const [batch] = (attributes as NamedAttrMap).sizes as [number];
  return rows * (keys / batch) * ((q === undefined ? width / 2 : width) + valueWidth);
};

/** All kernels that compute the models' products, convolutions and samples. */
const counted: Readonly<Record<string, MacsOf>> = {
  [BatchMatMul]: product,
  [_FusedMatMul]: product,
  [Conv2D]: convolution,
  [FusedConv2D]: convolution,
  [DepthwiseConv2dNative]: depthwise,
  [FusedDepthwiseConv2D]: depthwise,
  DnAttention: attention,
  DnDepthwiseConv: depthwise,
  DnMultiScaleDeformableAttention: deformableSampling,
  DnPairedAttention: attention,
};

/**
 * Counts the multiply-adds of all matrix products, convolutions and deformable sampling that `compute` runs on the
 * current backend, from the shapes that their kernels see. Zero padding of images counts like pixels, and masked keys
 * count too.
 *
 * @param compute function to count; its tensors are disposed
 */
export function countMacs(compute: () => void): number {
  const backendName = getBackend();
  let macs = 0;
  const stock = Object.keys(counted).flatMap((name) => getKernel(name, backendName) ?? []);
  const replace = (kernels: typeof stock): void => {
    for (const kernel of kernels) {
      unregisterKernel(kernel.kernelName, backendName);
      registerKernel(kernel);
    }
  };
  const counting = stock.map((kernel) => ({
    ...kernel,
    kernelFunc(params: Parameters<typeof kernel.kernelFunc>[0]) {
      const before = macs;
      const output = kernel.kernelFunc(params) as TensorInfo;
      // Replaces what nested kernels have counted: native TensorFlow's fused kernels run the plain ones.
      macs = before + (counted[kernel.kernelName] as MacsOf)(params.inputs, output, params.attrs);
      return output;
    },
  }));
  replace(counting);
  try {
    tidy(compute);
  } finally {
    replace(stock);
  }
  return macs;
}

/** Formats a cost for display: `41.6 M parameters (41.3 M trained), 81.2 GMACs (162 GFLOPs) an image of 800×1066`. */
export function formatCost({ input, parameters: { trained, frozen }, macs, flops }: ModelCost): string {
  const { height, width, knownQueries = 0 } = input;
  const known = knownQueries > 0 ? ` with ${knownQueries} known queries` : '';
  const parameters = `${scaled(trained + frozen)} parameters (${scaled(trained)} trained)`;
  return `${parameters}, ${scaled(macs)}MACs (${scaled(flops)}FLOPs) an image of ${height}×${width}${known}`;
}

/** Three significant digits and a prefix, such as `81.2 G`. */
function scaled(count: number): string {
  const steps = ['', 'k', 'M', 'G', 'T'];
  let value = count;
  let i = 0;
  // Choose the prefix by the rounded value: 999,999 is 1.00 M.
  for (; Number(value.toPrecision(3)) >= 1000 && i < steps.length - 1; i++) value /= 1000;
  return `${Number.isInteger(value) ? value : value.toPrecision(3)} ${steps[i]}`;
}
