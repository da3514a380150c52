/** Times layers that have native ops in this toolkit, against their composed form on other backends, both captured. */
import { adamwStep, type Backbone, clipFactor } from '@dn-detr/core';
import { addBias, attend, attentionMask, biasPrelu, biasRelu, normalizeRows, withoutKernels } from '@dn-detr/core/nn';
import { seededNoise } from '@dn-detr/dn';
import { capture } from '@dn-detr/runtime';
import {
  dispose,
  randomUniform,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor1d,
  tensor2d,
  valueAndGrads,
} from '@tensorflow/tfjs-core';
import { median } from 'd3-array';
import type { StepConfig, StepConfigName } from './step-configs.ts';
import { detectorOf, drawTargets, knownQueriesOf, trainedParametersOf } from './step-inputs.ts';

/** The configurations of `bench step` whose layers are timed. */
export const opsConfigs = ['tiny', 'mid', 'r50'] as const satisfies readonly StepConfigName[];

/** Median milliseconds of one layer, forward and backward. */
export interface OpsBench {
  /** Name of the configuration whose sizes the layer has. */
  readonly config: string;
  readonly layer: string;
  readonly native: number;
  readonly composed: number;
}

interface Layer {
  readonly layer: string;
  readonly inputs: readonly (readonly number[])[];
  compute(inputs: readonly Tensor[]): readonly Tensor[];
}

const rounds = 5;
const runsPerRound = 6;

/** Copies of a layer in one graph: calling a graph costs as much as some layers. */
const copies = 4;

/** @param onCase called before each case */
export function benchOps(
  configs: Readonly<Record<string, StepConfig>>,
  onCase: (name: string) => void = () => {},
): OpsBench[] {
  return Object.entries(configs).flatMap(([config, sizes]) =>
    layersOf(sizes).map((layer) => {
      onCase(`${config}, ${layer.layer}`);
      return { config, layer: layer.layer, ...timesOf(layer) };
    }),
  );
}

function timesOf({ layer, inputs: shapes, compute }: Layer): Pick<OpsBench, 'native' | 'composed'> {
  const inputs = Array.from({ length: copies }, (_, copy) =>
    shapes.map((shape, i) => randomUniform([...shape], 0.1, 1, 'float32', 1 + copy * shapes.length + i)),
  );
  const all = (values: typeof inputs): Tensor[][] => values.map((each) => [...compute(each)]);
  const [native, composed] = [capture(all, { name: layer }), capture(all, { name: `${layer}, composed` })];
  // The functions are traced here: a graph keeps the ops with which it was traced.
  dispose([native(inputs), withoutKernels(() => composed(inputs))]);
  const sides = [native, composed].map((run) => ({ run, ms: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { run, ms } of sides) {
      // One run warms up: while the other side ran, memory and threads went cold.
      dispose(run(inputs));
      for (let i = 0; i < runsPerRound; i++) {
        const started = performance.now();
        const result = run(inputs);
        ms.push((performance.now() - started) / copies);
        dispose(result);
      }
    }
  }
  for (const { run } of sides) run.dispose();
  dispose(inputs);
  const [ours, theirs] = sides.map(({ ms }) => median(ms) as number) as [number, number];
  return { native: ours, composed: theirs };
}

function layersOf(config: StepConfig): Layer[] {
  const { image, batch, width, heads, feedForward } = config;
  const detector = detectorOf(config);
  const { stride } = detector.backbone.levels.at(-1) as Backbone['levels'][number];
  const tokens = Math.ceil(image.height / stride) * Math.ceil(image.width / stride);
  const { layout, groupMask } = knownQueriesOf(config, detector, drawTargets(config, 0), seededNoise(0));
  const queries = layout.total;
  const betweenGroups = () => attentionMask({ blocked: tensor2d(groupMask, [queries, queries]) }, batch);
  const parameters = trainedParametersOf(detector);
  const attention = (
    layer: string,
    [rows, columns]: [number, number],
    { ownWidth = width, maskOf }: { ownWidth?: number; maskOf?: typeof betweenGroups } = {},
  ): Layer =>
    differentiated({
      layer: `${layer}: ${batch} × ${heads} heads, ${rows} queries, ${columns} keys`,
      inputs: [
        [batch * rows, ownWidth],
        [batch * columns, ownWidth],
        [batch * columns, width],
      ],
      forward: (q, k, v) => attend(q as Tensor2D, k as Tensor2D, v as Tensor2D, { batch, heads, mask: maskOf?.() }),
      output: [batch * rows, width],
    });
  const byRow = (layer: string, columns: number, vectors: number[], forward: Forward): Layer => {
    const rows = [batch * tokens, columns];
    const inputs = [rows, ...vectors.map((size) => [size])];
    return differentiated({ layer: `${layer}: [${rows.join(', ')}]`, inputs, forward, output: rows });
  };
  const unbiased = (rows: Tensor, bias: Tensor) => ({ rows: rows as Tensor2D, bias: bias as Tensor1D });
  return [
    attention('attention of an encoder', [tokens, tokens]),
    attention('attention among queries', [queries, queries], { maskOf: betweenGroups }),
    // DAB-DETR's keys are content concatenated with position.
    attention('attention to tokens', [queries, tokens], { ownWidth: 2 * width }),
    byRow('layer norm', width, [width, width], (x, weight, bias) =>
      normalizeRows(x as Tensor2D, weight as Tensor1D, bias as Tensor1D),
    ),
    byRow('bias and ReLU', feedForward, [feedForward], (x, bias) => biasRelu(unbiased(x, bias))),
    byRow('bias and PReLU', feedForward, [feedForward, 1], (x, bias, slope) =>
      biasPrelu(unbiased(x, bias), slope as Tensor1D),
    ),
    byRow('bias', width, [width], (x, bias) => addBias(x as Tensor2D, bias as Tensor1D)),
    {
      layer: `clipping and AdamW: ${(parameters / 1e6).toFixed(1)} M parameters`,
      inputs: Array(4).fill([Math.round(parameters / copies)]),
      compute: (inputs) => {
        const [p, m, v, gradient] = inputs as [Tensor1D, Tensor1D, Tensor1D, Tensor1D];
        const { factor } = clipFactor([gradient], 0.1);
        const next = adamwStep(
          { params: [p], m: [m], v: [v] },
          [gradient],
          tensor1d([0.999, 1e-4, 1]),
          { groups: [{ learningRate: 1e-4, weightDecay: 1e-4 }] },
          factor,
        );
        return [...next.params, ...next.m, ...next.v];
      },
    },
  ];
}

type Forward = (...inputs: [Tensor, Tensor, Tensor]) => Tensor;

/** The layer with the gradients of all inputs; its last input is the gradient of its output. */
function differentiated({
  layer,
  inputs,
  forward,
  output,
}: Pick<Layer, 'layer' | 'inputs'> & { forward: Forward; output: readonly number[] }): Layer {
  return {
    layer,
    inputs: [...inputs, output],
    compute: (all) => {
      const { value, grads } = valueAndGrads(forward as (...values: Tensor[]) => Tensor)(
        all.slice(0, -1),
        all.at(-1) as Tensor,
      );
      return [value, ...grads];
    },
  };
}
