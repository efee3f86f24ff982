/** The records of FastCGI 1.0 (specification §3.3, §8): their types, and whether bytes can be the head of one. */
import type { Side } from '../message.ts';

/*
 * Record: version (1: 1), type (1), request id (2, 0: the connection itself), content length (2), padding length (1), reserved (1),
 * content, padding.
 */
export const headBytes = 8;

export const types = {
  beginRequest: 1,
  abortRequest: 2,
  endRequest: 3,
  params: 4,
  stdin: 5,
  stdout: 6,
  stderr: 7,
  data: 8,
  getValues: 9,
  getValuesResult: 10,
  unknownType: 11,
} as const;

/** By number (§8). */
export const roles: readonly string[] = ['', 'responder', 'authorizer', 'filter'];

/** By number: how the application ended a request (§5.5). */
export const protocolStatuses: readonly string[] = ['', 'cant_multiplex', 'overloaded', 'unknown_role'];

/** Who sends records of a type: undefined when there is no such type. */
const senders: readonly (Side | undefined)[] = [undefined, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1];

/** Whether the head at `at`, of which all bytes are there, is one that this side sends. */
export function isRecord(bytes: Buffer, at: number, side: Side): boolean {
  if (bytes[at] !== 1) return false;
  const type = bytes[at + 1]!;
  if (senders[type] !== side) return false;
  const length = bytes.readUInt16BE(at + 4);
  if ((type === types.beginRequest || type === types.endRequest) && length < 8) return false;
  // Requests are numbered from 1.
  return type >= types.getValues || bytes.readUInt16BE(at + 2) !== 0;
}
