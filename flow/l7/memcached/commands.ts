/** Commands of the text and meta protocols, opcodes and status codes of the binary one (protocol.txt, BinaryProtocolRevamped of memcached). */
import type { MessageStatus } from '../message.ts';

/**
 * How a command line goes on. `plain`: it does not; `store`: its word at `size` is the length of the data block after it.
 */
export interface Command {
  readonly shape: 'plain' | 'store';
  /** Number of the word with the length; 0 is the command. */
  readonly size: number;
  /** Fewest and most words of the line. */
  readonly least: number;
  readonly most: number;
  readonly meta: boolean;
  readonly answered: boolean;
}

const many = Number.POSITIVE_INFINITY;
const plain = (least: number, most: number): Command => ({
  shape: 'plain',
  size: 0,
  least,
  most,
  meta: false,
  answered: true,
});
const store = (least: number, most: number): Command => ({
  shape: 'store',
  size: 4,
  least,
  most,
  meta: false,
  answered: true,
});
const meta = (least: number): Command => ({ shape: 'plain', size: 0, least, most: many, meta: true, answered: true });

export const commands: ReadonlyMap<string, Command> = new Map([
  ['get', plain(2, many)],
  ['gets', plain(2, many)],
  ['gat', plain(3, many)],
  ['gats', plain(3, many)],
  ['set', store(5, 6)],
  ['add', store(5, 6)],
  ['replace', store(5, 6)],
  ['append', store(5, 6)],
  ['prepend', store(5, 6)],
  ['cas', store(6, 7)],
  ['delete', plain(2, 4)],
  ['incr', plain(3, 4)],
  ['decr', plain(3, 4)],
  ['touch', plain(3, 4)],
  ['stats', plain(1, 4)],
  ['version', plain(1, 1)],
  ['verbosity', plain(2, 3)],
  ['flush_all', plain(1, 3)],
  ['cache_memlimit', plain(2, 3)],
  ['slabs', plain(2, 5)],
  ['lru', plain(2, 5)],
  ['lru_crawler', plain(2, 4)],
  ['watch', plain(1, many)],
  ['shutdown', plain(1, 2)],
  ['quit', { ...plain(1, 1), answered: false }],
  ['mg', meta(2)],
  ['md', meta(2)],
  ['ma', meta(2)],
  ['me', meta(2)],
  ['mn', meta(1)],
  ['ms', { ...meta(3), shape: 'store', size: 2 }],
]);

export const longestCommand = 14;

/** Replies of one line, by their first word; `many` go on until END, `value` and `meta` have a data block. */
export const replies: ReadonlyMap<string, 'line' | 'many' | 'value' | 'meta'> = new Map([
  ['VALUE', 'value'],
  ['STAT', 'many'],
  ['ITEM', 'many'],
  ['VA', 'meta'],
  ...'END STORED NOT_STORED EXISTS NOT_FOUND DELETED TOUCHED OK RESET VERSION ERROR CLIENT_ERROR SERVER_ERROR HD EN NF NS EX MN ME BUSY BADCLASS NOSPARE NOTFULL UNSAFE SAME'
    .split(' ')
    .map((word): [string, 'line'] => [word, 'line']),
]);

const opcodeNames =
  'get set add replace delete increment decrement quit flush getq noop version getk getkq append prepend stat setq addq replaceq deleteq ' +
  'incrementq decrementq quitq flushq appendq prependq verbosity touch gat gatq';
const otherOpcodes: Readonly<Record<number, string>> = {
  32: 'sasl_list_mechs',
  33: 'sasl_auth',
  34: 'sasl_step',
  35: 'gatk',
  36: 'gatkq',
};
const opcodes: readonly string[] = opcodeNames.split(' ');

/** Name of a binary opcode; empty when it is none. */
export function opcodeName(opcode: number): string {
  return opcodes[opcode] ?? otherOpcodes[opcode] ?? '';
}

/** Opcodes that are answered only when something is to be told. */
export function isQuiet(opcode: number): boolean {
  return opcode === 0x09 || opcode === 0x0d || (opcode >= 0x11 && opcode <= 0x1a) || opcode === 0x1e || opcode === 0x24;
}

const statuses: Readonly<Record<number, [name: string, status: MessageStatus]>> = {
  0: ['NO_ERROR', 'ok'],
  1: ['KEY_NOT_FOUND', 'ok'],
  2: ['KEY_EXISTS', 'ok'],
  3: ['VALUE_TOO_LARGE', 'client_error'],
  4: ['INVALID_ARGUMENTS', 'client_error'],
  5: ['ITEM_NOT_STORED', 'ok'],
  6: ['NON_NUMERIC_VALUE', 'client_error'],
  7: ['WRONG_VBUCKET', 'client_error'],
  8: ['AUTH_ERROR', 'client_error'],
  9: ['AUTH_CONTINUE', 'ok'],
  32: ['AUTH_ERROR', 'client_error'],
  33: ['AUTH_CONTINUE', 'ok'],
  129: ['UNKNOWN_COMMAND', 'client_error'],
  130: ['OUT_OF_MEMORY', 'server_error'],
  131: ['NOT_SUPPORTED', 'client_error'],
  132: ['INTERNAL_ERROR', 'server_error'],
  133: ['BUSY', 'server_error'],
  134: ['TEMPORARY_FAILURE', 'server_error'],
};

export function binaryStatus(code: number): [name: string, status: MessageStatus] {
  return statuses[code] ?? [`STATUS_${code}`, 'server_error'];
}
