import { describe, expect, it } from 'vitest';
import { record } from './record.ts';

describe('record', () => {
  it('is what TensorBoard 2.21 writes', () => {
    // tensorboard.summary.writer.record_writer.RecordWriter
    const expected = '0a00000000000000aea3bf3a6f6e65207265636f72646c2e29bd';
    expect(Buffer.from(record(Buffer.from('one record'))).toString('hex')).toBe(expected);
  });
});
