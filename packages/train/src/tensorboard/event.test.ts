import { describe, expect, it } from 'vitest';
import { type EventMessage, encodeEvent, sessionStart } from './event.ts';

describe('encodeEvent', () => {
  const wallTime = 1_700_000_000.25;
  // `SerializeToString` of TensorBoard 2.21's own `event_pb2.Event`, protobuf 6.33.
  it.each<[string, EventMessage, string]>([
    ['a version', { wallTime, fileVersion: 'brain.Event:2' }, '0900001040fc54d9411a0d627261696e2e4576656e743a32'],
    ['a start', { wallTime, step: 7, sessionLog: { status: sessionStart } }, '0900001040fc54d94110073a020801'],
    [
      'values, including 0',
      {
        wallTime,
        step: 300,
        summary: {
          value: [
            { tag: 'loss', simpleValue: 1.5 },
            { tag: 'zero', simpleValue: 0 },
          ],
        },
      },
      '0900001040fc54d94110ac022a1a0a0b0a046c6f7373150000c03f0a0b0a047a65726f1500000000',
    ],
  ])('writes %s as TensorBoard does', (_, event, expected) => {
    expect(Buffer.from(encodeEvent(event)).toString('hex')).toBe(expected);
  });
});
