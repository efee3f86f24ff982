/** Recognises a Kafka request by its header: the one thing on a connection that tells itself. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { apiKeys, apis, isFlexible } from './versions.ts';

/** `socket.request.max.bytes` is 100 MiB by default; more is allowed for those who raised it. */
export const maxRequestBytes = 512 * 1024 * 1024;
/** `fetch.max.bytes` is 50 MiB, and a broker sends at least one batch whatever its size. */
export const maxResponseBytes = 2 ** 31 - 1;

const longestClientId = 512;
/** Those that name no client are small tools: a longer size is another protocol's mark, such as the head of a FastCGI record. */
const longestNameless = 1024 * 1024;
/** Kafka allows names of 249 characters. */
const longestTopic = 249;
const mostTopics = 1024 * 1024;
export const kafkaPorts: readonly number[] = [9092, 9093, 9094];

/*
 * Request: size (4), API key (2), version (2), correlation id (4), client id (2 + text, -1 null), then tagged fields in header 2.
 * Response: size (4), correlation id (4), then tagged fields in header 1.
 */

/**
 * What a client sends first. A response cannot be told from other bytes: it is known by its request. One with a small correlation id looks like
 * a Produce, so a server at its port is not asked, and of a Produce more is looked at.
 */
export function probeKafka({ bytes, start, end, side, serverPort, clientPort }: Input): Verdict {
  if (side === 1 && kafkaPorts.includes(serverPort) && !kafkaPorts.includes(clientPort)) return 'no';
  const available = end - start;
  if (bytes[start] !== 0 && bytes[start]! > 0x1f) return 'no';
  if (available < 8) return available >= 6 && bytes[start + 4] !== 0 ? 'no' : 'more';
  const size = bytes.readUInt32BE(start);
  if (size < 8 || size > maxRequestBytes) return 'no';
  const api = apis[bytes.readUInt16BE(start + 4)];
  if (api === undefined) return 'no';
  const version = bytes.readUInt16BE(start + 6);
  if (version > api.maxVersion) return 'no';
  if (available < 14) return 'more';
  if (bytes.readInt32BE(start + 8) < 0) return 'no';
  // ControlledShutdown 0 has no client id; it was for brokers of 2013.
  const length = bytes.readInt16BE(start + 12);
  const clientId = start + 14;
  if (length < -1 || length > longestClientId || 10 + Math.max(0, length) > size) return 'no';
  if (length <= 0 && size > longestNameless && api.key !== apiKeys.produce) return 'no';
  const idEnd = clientId + Math.max(0, length);
  for (let at = clientId; at < Math.min(idEnd, end); at++) if (bytes[at]! < 0x20 || bytes[at]! > 0x7e) return 'no';
  if (idEnd > end) return 'more';
  if (isFlexible(api, version)) {
    if (idEnd === end) return idEnd - start === size + 4 ? 'no' : 'more';
    // No client of today sends tagged fields in the header.
    if (bytes[idEnd]! > 8) return 'no';
  } else if (api.key === apiKeys.produce && !beginsProduce(bytes, idEnd, end, start + 4 + size, version)) return 'no';
  return 'client';
}

/** Before version 9: transactional id (2 + text, since 3), acks (2), timeout (4), number of topics (4), the first one's name (2 + text). */
function beginsProduce(bytes: Buffer, start: number, end: number, limit: number, version: number): boolean {
  let at = start;
  if (version >= 3) {
    if (at + 2 > end) return true;
    const length = bytes.readInt16BE(at);
    if (length < -1) return false;
    at += 2 + Math.max(0, length);
  }
  if (at + 12 > Math.min(end, limit)) return limit > end;
  const acks = bytes.readInt16BE(at);
  const topics = bytes.readInt32BE(at + 6);
  const name = bytes.readInt16BE(at + 10);
  return acks >= -1 && acks <= 1 && topics > 0 && topics <= mostTopics && name > 0 && name <= longestTopic;
}
