/**
 * MongoDB's wire protocol: headers and opcodes.
 *
 *   length:4  request id:4  response to:4  opcode:4        all little endian
 */
export const headerBytes = 16;
/** 48,000,000 bytes, and room for what is around them. */
export const longestMessage = 50_000_000;

export const opcodes = {
  reply: 1,
  update: 2001,
  insert: 2002,
  query: 2004,
  getMore: 2005,
  delete: 2006,
  killCursors: 2007,
  command: 2010,
  commandReply: 2011,
  compressed: 2012,
  message: 2013,
} as const;

const names: Readonly<Record<number, string>> = {
  1: 'OP_REPLY',
  2001: 'OP_UPDATE',
  2002: 'OP_INSERT',
  2004: 'OP_QUERY',
  2005: 'OP_GET_MORE',
  2006: 'OP_DELETE',
  2007: 'OP_KILL_CURSORS',
  2010: 'OP_COMMAND',
  2011: 'OP_COMMANDREPLY',
  2012: 'OP_COMPRESSED',
  2013: 'OP_MSG',
};

/** Name of an opcode; empty when it is none. */
export function opcodeName(opcode: number): string {
  return names[opcode] ?? '';
}

export const messageFlags = { checksum: 1, moreToCome: 2, exhaustAllowed: 0x10000 } as const;
export const queryFailure = 2;
