/** The paths of AF_UNIX sockets, which the kernel tells once for each: kept for as long as a socket may be used, by whichever process. */
import { eventConstants } from '../../bpf/programs/event.gen.ts';
import type { SocketEvent } from './socket-event.ts';

export const isUnix = ({ flags }: SocketEvent): boolean => (flags & eventConstants.EVENT_UNIX) !== 0;

/** Of an AF_UNIX socket's events: the inode of its file, which tells it from others that had its name. */
export function inodeOf({ bytes, localAt }: SocketEvent): number {
  return wordAt(bytes, localAt) + wordAt(bytes, localAt + 4) * 2 ** 32;
}

/** ... and the `socket` of the other end; 0 when that is gone. */
export function peerOf({ bytes, remoteAt }: SocketEvent): number {
  return wordAt(bytes, remoteAt) + wordAt(bytes, remoteAt + 4) * 2 ** 32;
}

/** ... and the inode of the other end; 0 when it has none, as before it is accepted, or is gone. */
export function peerInodeOf({ bytes, remoteAt }: SocketEvent): number {
  return wordAt(bytes, remoteAt + 8) + wordAt(bytes, remoteAt + 12) * 2 ** 32;
}

export class UnixPaths {
  readonly #paths = new Map<number, { inode: number; path: string }>();
  readonly #maxSockets: number;

  /** Beyond `maxSockets` the oldest is forgotten. */
  constructor(maxSockets: number) {
    this.#maxSockets = maxSockets;
  }

  /** Takes the opening of a socket. */
  tell(event: SocketEvent): void {
    const { socket, bytes, payloadAt, captured } = event;
    this.#paths.delete(socket);
    if (this.#paths.size >= this.#maxSockets) this.#paths.delete(this.#paths.keys().next().value!);
    this.#paths.set(socket, { inode: inodeOf(event), path: pathText(bytes.subarray(payloadAt, payloadAt + captured)) });
  }

  /** Empty when it is not known. */
  of(event: SocketEvent): string {
    const known = this.#paths.get(event.socket);
    return known !== undefined && known.inode === inodeOf(event) ? known.path : '';
  }

  forget(socket: number): void {
    this.#paths.delete(socket);
  }
}

/** An abstract name begins with NUL, for which `@` is written everywhere; a path ends at its first. */
function pathText(bytes: Uint8Array): string {
  const isAbstract = bytes[0] === 0 && bytes.length > 1;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return isAbstract ? text.replaceAll('\0', '@') : text.split('\0', 1)[0]!;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
