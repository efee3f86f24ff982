/** The one array of bytes that the columns of several messages point into. */

export interface Arena {
  bytes: Uint8Array;
  /** Where each message begins. */
  starts: Uint32Array;
}

/** Messages that lie in one buffer in order, such as a file that was read, stay where they are; others are joined. */
export function arenaOf(messages: readonly Uint8Array[]): Arena {
  const starts = new Uint32Array(messages.length);
  const [first] = messages;
  if (first === undefined) return { bytes: new Uint8Array(0), starts };
  let end = first.byteOffset;
  let size = 0;
  let together = true;
  for (const [index, message] of messages.entries()) {
    together &&= message.buffer === first.buffer && message.byteOffset >= end;
    end = message.byteOffset + message.length;
    starts[index] = size;
    size += message.length;
  }
  if (!together) return { bytes: Buffer.concat(messages, size), starts };
  for (const [index, message] of messages.entries()) starts[index] = message.byteOffset - first.byteOffset;
  return { bytes: new Uint8Array(first.buffer, first.byteOffset, end - first.byteOffset), starts };
}
