import { UserError } from '@dn-detr/train';

/** The command line is wrong whatever files there are; the program ends with exit code 2. */

export class UsageError extends UserError {
  override name = 'UsageError';
}
