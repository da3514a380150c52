/** A command line that makes no sense on any machine: it ends with the exit code of wrong usage. */
import { UserError } from '@dn-detr/train';

export class UsageError extends UserError {
  override name = 'UsageError';
}
