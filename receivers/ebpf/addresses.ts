/** Text of the addresses of an event. */
import { addressText, ipv4Text } from '../../flow/l4/addresses.ts';
import type { SocketEvent } from './socket-event.ts';

export function localAddress({ bytes, localAt, family }: SocketEvent): string {
  return text(bytes, localAt, family);
}

export function remoteAddress({ bytes, remoteAt, family }: SocketEvent): string {
  return text(bytes, remoteAt, family);
}

function text(bytes: Uint8Array, at: number, family: number): string {
  switch (family) {
    case 4:
      return ipv4Text(word(bytes, at));
    case 6:
      return addressText(word(bytes, at), word(bytes, at + 4), word(bytes, at + 8), word(bytes, at + 12));
    default:
      return '';
  }
}

/** In network order. */
function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
