/** What was typed makes no sense, whatever is there: ends with the exit code of wrong usage. */
import { UserError } from '@dn-detr/train';

export class UsageError extends UserError {
  override name = 'UsageError';
}
