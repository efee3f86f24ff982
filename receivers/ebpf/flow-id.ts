/** The id of a connection as its process sees it: the same on its calls and on its records. */
import { IdHash } from '../../flow/calls/span-ids.ts';
import type { SocketEvent } from './socket-event.ts';

export interface FlowId {
  hi: number;
  lo: number;
}

const hash = new IdHash();

/** A hash of the socket and the two ends; a socket's address is used again, but hardly between the same ends. */
export function flowIdOf(event: SocketEvent): FlowId {
  const { bytes, localAt, remoteAt } = event;
  hash.start('socket');
  hash.mix(event.socket / 2 ** 32);
  hash.mix(event.socket);
  hash.mix((event.localPort << 16) | event.remotePort);
  for (let at = 0; at < 16; at += 4) {
    hash.mix(wordAt(bytes, localAt + at));
    hash.mix(wordAt(bytes, remoteAt + at));
  }
  hash.finish();
  return { hi: hash.a, lo: hash.b };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
