/** Makes the payload of an event of kind `headers`, as Go's probes do. */
import { eventConstants, headerEvent } from '../programs/event.gen.ts';

export interface TestTable {
  coder: number;
  stream?: number;
  /** The first fragment of the block. */
  block?: Buffer;
  fields?: readonly (readonly [name: string, value: string])[];
  /** As many fields the record says to have. */
  claimed?: number;
}

export function headerRecord({ coder, stream = 0, block = Buffer.alloc(0), fields = [], claimed }: TestTable): Buffer {
  const head = Buffer.alloc(headerEvent.size);
  head.writeBigUInt64LE(BigInt(coder), headerEvent.coder);
  head.writeUInt32LE(stream, headerEvent.stream);
  head.writeUInt32LE(block.length, headerEvent.blockLength);
  head.set(block.subarray(0, eventConstants.HEADER_BLOCK_BEGIN), headerEvent.block);
  head.writeUInt32LE(4096, headerEvent.maxSize);
  head.writeUInt32LE(claimed ?? fields.length, headerEvent.fields);
  const texts = fields.map(([name, value]) => {
    const sizes = Buffer.alloc(4);
    sizes.writeUInt16LE(name.length, 0);
    sizes.writeUInt16LE(value.length, 2);
    return Buffer.concat([sizes, Buffer.from(name + value, 'latin1')]);
  });
  return Buffer.concat([head, ...texts]);
}
