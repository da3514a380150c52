/** Errors whose message is for the user; all others are bugs in the toolkit and keep their stack trace. */
import { TooFewTokensError } from '@dn-detr/core/models';
import { CheckpointError } from '@dn-detr/core/weights';
import { DataError } from '@dn-detr/data';
import { CocoFormatError } from '@dn-detr/metrics';
import { BackendError } from '@dn-detr/runtime';
import { UserError } from './user-error.ts';

const expected = [UserError, BackendError, DataError, CheckpointError, CocoFormatError, TooFewTokensError];

/** Whether an error is meant for the user, as opposed to a bug in the toolkit. */
export const isExpected = (error: unknown): error is Error => expected.some((kind) => error instanceof kind);
