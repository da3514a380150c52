/** Times the reference step op by op against captured, in one run and alternating, because machines are noisy. */
import { adamwScalars } from '@dn-detr/core';
import { capture } from '@dn-detr/runtime';
import { dispose, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { median } from 'd3-array';
import { referenceInputs } from './reference-model.ts';
import { type ReferenceConfig, referenceConfigs } from './reference-parameters.ts';
import { referenceOptimizer, referenceState, referenceStep } from './reference-step.ts';

/** Results of one case: medians over the rounds. */
export interface CaptureBench {
  name: string;
  eagerMs: number;
  capturedMs: number;
  /** eagerMs / capturedMs. */
  ratio: number;
  /** Number of nodes in the captured graph. */
  nodes: number;
  /**
   * The larger of |captured − eager| / |eager| for the loss and ‖captured − eager‖₂ / ‖eager‖₂ for the gradient (taken
   * from AdamW's first moment) of one step. A norm, because single entries may differ by more: an activation within
   * rounding of ReLU's kink may fall on either side of it.
   */
  maxRelDiff: number;
}

/** Rounds per case; each times one eager step and `capturedSteps` captured steps. */
const rounds = 9;
const capturedSteps = 4;

/** Runs all cases on the current backend. `onCase` is called before each one. */
export function benchCapture(onCase: (name: string) => void): CaptureBench[] {
  return Object.entries(referenceConfigs).map(([name, config]) => {
    onCase(name);
    return benchCase(name, config);
  });
}

function benchCase(name: string, config: ReferenceConfig): CaptureBench {
  const state = referenceState(config);
  const inputs = referenceInputs(config);
  const scalars = tensor1d(adamwScalars(1, referenceOptimizer));
  const input = { state, inputs, scalars };
  const eager = referenceStep(config);
  const captured = capture(eager, { name: `reference step ${name}` });

  type Result = ReturnType<typeof eager>;
  const time = (step: (value: typeof input) => Result, steps: number): number => {
    const started = performance.now();
    for (let count = 0; count < steps; count++) {
      const result = step(input);
      result.loss.dataSync();
      dispose(result);
    }
    return (performance.now() - started) / steps;
  };

  // Traces, then lets TensorFlow optimise the graph; both sides warm up.
  time(captured, 3);
  time(eager, 2);
  const [expected, found] = [eager(input), captured(input)];
  const maxRelDiff = Math.max(
    ...[expected.loss, ...expected.state.m].map((tensor, index) =>
      relativeDifference(tensor, [found.loss, ...found.state.m][index] as Tensor),
    ),
  );
  dispose([expected, found]);

  const eagerTimes: number[] = [];
  const capturedTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    eagerTimes.push(time(eager, 1));
    capturedTimes.push(time(captured, capturedSteps));
  }
  const { nodes, fallback } = captured.stats;
  if (fallback) throw new Error(`the reference step was not captured: ${fallback}`);
  captured.dispose();
  dispose(input);
  const [eagerMs, capturedMs] = [eagerTimes, capturedTimes].map((times) => median(times)) as [number, number];
  return { name, eagerMs, capturedMs, ratio: eagerMs / capturedMs, nodes, maxRelDiff };
}

/** Returns ‖found − expected‖₂ / ‖expected‖₂. */
function relativeDifference(expected: Tensor, found: Tensor): number {
  const [a, b] = [expected.dataSync(), found.dataSync()];
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i++) {
    difference += ((b[i] as number) - (a[i] as number)) ** 2;
    norm += (a[i] as number) ** 2;
  }
  return Math.sqrt(difference / norm);
}
