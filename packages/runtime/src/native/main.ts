/**
 * `dn-detr-native [--thorough] [--gpu] [--clean]`: installs native TensorFlow, or removes it. All its output goes to
 * stderr.
 */
import { parseArgs } from 'node:util';
import { BackendError } from '../backend-error.ts';
import { stderrReport } from '../wheel/report.ts';
import { cleanNative } from './clean.ts';
import { whyNoCuda } from './find.ts';
import { wantsGpu } from './gpu-driver.ts';
import { provisionNative } from './provision.ts';
import { tensorflowCpu, tensorflowGpu } from './wheel.ts';

const { values } = parseArgs({
  options: {
    thorough: { type: 'boolean', default: false },
    gpu: { type: 'boolean', default: false },
    clean: { type: 'boolean', default: false },
  },
});

try {
  await (values.clean ? cleanNative(stderrReport) : provision());
} catch (error) {
  if (!(error instanceof BackendError)) throw error;
  stderrReport.step(error.message);
  process.exitCode = 1;
}

async function provision(): Promise<void> {
  const { thorough, gpu } = values;
  const state = await provisionNative({ report: stderrReport, thorough });
  if (state.addon === undefined && thorough) {
    stderrReport.step(`native TensorFlow is not available, tensors will run on WASM: ${state.reason}`);
  }
  if (!gpu) return;
  // Where a driver is found it has been tried already.
  const wheels = [tensorflowGpu, tensorflowCpu];
  const asked = wantsGpu() ? state : await provisionNative({ report: stderrReport, thorough, wheels });
  if (asked.addon !== undefined && asked.cuda) return;
  const reason = asked.addon === undefined ? asked.reason : await whyNoCuda();
  stderrReport.step(`TensorFlow for NVIDIA GPUs is not available: ${reason}`);
  process.exitCode = 1;
}
