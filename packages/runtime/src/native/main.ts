/**
 * `dn-detr-native [--thorough] [--gpu] [--clean]`: installs native TensorFlow, or removes it. All its output goes to
 * stderr.
 */
import { parseArgs } from 'node:util';
import { stderrReport } from '../wheel/report.ts';
import { cleanNative } from './clean.ts';
import { wantsGpu } from './gpu-driver.ts';
import { provisionNative } from './provision.ts';
import { tensorflowGpu } from './wheel.ts';

const { values } = parseArgs({
  options: {
    thorough: { type: 'boolean', default: false },
    gpu: { type: 'boolean', default: false },
    clean: { type: 'boolean', default: false },
  },
});

if (values.clean) await cleanNative(stderrReport);
else await provision();

async function provision(): Promise<void> {
  const { thorough, gpu } = values;
  const state = await provisionNative({ report: stderrReport, thorough });
  if (state.addon === undefined && thorough) {
    stderrReport.step(`native TensorFlow is not available, tensors will run on WASM: ${state.reason}`);
  }
  // Where there is a driver, the call above has already installed the build for GPUs.
  if (!gpu || wantsGpu()) return;
  const other = await provisionNative({ report: stderrReport, thorough, wheels: [tensorflowGpu] });
  if (other.addon === undefined) {
    stderrReport.step(`TensorFlow for NVIDIA GPUs is not available: ${other.reason}`);
    process.exitCode = 1;
  }
}
