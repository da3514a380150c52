/** TensorBoard's events, in their wire format. Source: tensorboard/compat/proto/{event,summary}.proto. */
import protobuf from 'protobufjs';

/** An event; it has one of the last three fields. */
export interface EventMessage {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly { readonly tag: string; readonly simpleValue: number }[] };
  readonly sessionLog?: { readonly status: number };
}

/** Only the fields that a log of numbers needs. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what {
      string file_version = 3;
      Summary summary = 5;
      SessionLog session_log = 7;
    }
  }
  message Summary {
    message Value {
      string tag = 1;
      oneof value {
        float simple_value = 2;
      }
    }
    repeated Value value = 1;
  }
  message SessionLog {
    enum SessionStatus {
      STATUS_UNSPECIFIED = 0;
      START = 1;
    }
    SessionStatus status = 1;
  }
`);
const eventType = root.lookupType('Event');

/** `SessionLog.START`: events after it replace earlier ones of its step and of later steps. */
export const sessionStart = root.lookupEnum('SessionLog.SessionStatus').values.START as number;

/** Encodes an event in TensorBoard's wire format. */
export function encodeEvent(event: EventMessage): Uint8Array {
  return eventType.encode(event).finish();
}
