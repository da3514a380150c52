/**
 * Makes captured functions run on a second logical CPU, as they would on a GPU, and counts the transfers between it and
 * the host.
 */
import protobuf from 'protobufjs';
import { interceptAddon } from './own-addon.ts';

/** A transferred tensor. */
export interface Transfer {
  /** `fed`: from the host's memory; `moved`: a computed tensor that was on the host; `read`: to the host's memory. */
  readonly kind: 'fed' | 'moved' | 'read';
  readonly bytes: number;
}

const deviceName = '/job:localhost/replica:0/task:0/device:CPU:1';

/** A ConfigProto with two CPU devices in `device_count`. */
const twoDevices = Uint8Array.of(0x0a, 0x07, 0x0a, 0x03, ...Buffer.from('CPU'), 0x10, 0x02);

const int32 = 3;
const bytesPerValue = (dtype: number): number => (dtype === 10 ? 1 : 4);

/**
 * Takes effect when TensorFlow is loaded later in this process. Tensors of int32 stay on the host, as with a GPU.
 *
 * @returns the transfers since the last call, and the ops that were run outside captured functions
 */
export function useSecondDevice(): () => { transfers: Transfer[]; eagerOps: string[] } {
  let transfers: Transfer[] = [];
  let eagerOps: string[] = [];
  const fed = new Set<number>();
  interceptAddon((binding) => {
    const { createTensor, tensorDataSync, executeOp, addFunction, deviceOf, copyTo, deleteTensor } = binding;
    const sizes = new Map<number, number>();
    return {
      createTensor(shape, dtype, values) {
        transfers.push({ kind: 'fed', bytes: values.byteLength });
        let id = createTensor(shape, dtype, values);
        if (dtype !== int32) {
          const onHost = id;
          id = copyTo(onHost, deviceName);
          deleteTensor(onHost);
        }
        fed.add(id);
        return id;
      },
      tensorDataSync(id) {
        const values = tensorDataSync(id);
        transfers.push({ kind: 'read', bytes: values.byteLength });
        return values;
      },
      executeOp(name, attributes, inputs, outputCount) {
        if (!name.startsWith('captured')) eagerOps.push(name);
        for (const id of inputs) {
          const isThere = fed.has(id) || deviceOf(id) === deviceName;
          if (!isThere) transfers.push({ kind: 'moved', bytes: sizes.get(id) as number });
        }
        const outputs = executeOp(name, attributes, inputs, outputCount);
        for (const { id, shape, dtype } of outputs) {
          sizes.set(id, bytesPerValue(dtype) * shape.reduce((product, size) => product * size, 1));
        }
        return outputs;
      },
      addFunction: (graph, ...rest) => addFunction(onDevice(graph), ...rest),
    };
  }, twoDevices);
  return () => {
    const found = { transfers, eagerOps };
    transfers = [];
    eagerOps = [];
    return found;
  };
}

/** A serialised GraphDef with the device set in each of its nodes (graph.proto: `repeated NodeDef node = 1`). */
function onDevice(graph: Uint8Array): Uint8Array {
  const reader = protobuf.Reader.create(graph);
  const device = protobuf.Writer.create().uint32(tagOfBytes(4)).string(deviceName).finish();
  const fields: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    if (tag === tagOfBytes(1)) {
      const node = Buffer.concat([reader.bytes(), device]);
      fields.push(protobuf.Writer.create().uint32(tag).bytes(node).finish());
    } else {
      reader.skipType(tag & 7);
      fields.push(graph.subarray(start, reader.pos));
    }
  }
  return Buffer.concat(fields);
}

/** The tag of a length-delimited field. */
const tagOfBytes = (field: number): number => field * 8 + 2;
