/** `dn-detr-native [--thorough]`: provisions native TensorFlow. Everything it says goes to stderr. */
import { stderrReport } from '../wheel/report.ts';
import { provisionNative } from './provision.ts';

const state = await provisionNative({ report: stderrReport, thorough: process.argv.includes('--thorough') });
if (state.addon === undefined && process.argv.includes('--thorough')) {
  stderrReport.step(`native TensorFlow is not available, tensors will run on WASM: ${state.reason}`);
}
