/**
 * Accepted sockets that read into one buffer of the thread, instead of one of 64 KiB for every read.
 *
 * Those buffers are garbage at once, but outside V8's heap, and made it collect the whole heap again and again.
 * `onread` is Node's option for this; it is public for sockets one makes, not for those a server accepts, so the
 * connection is moved to a socket of our own. Where that is not possible (TLS, another Node) reads go on as ever.
 */
import * as net from 'node:net';

const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Bytes that arrived; only valid during the call. */
type OnBytes = (bytes: Buffer) => void;

/**
 * Takes over the connection of `accepted`, which a server with `pauseOnConnect` gave, and must not be used any more.
 * `onBytes` hears nothing before this function has returned.
 */
export function readShared(accepted: net.Socket, onBytes: OnBytes): net.Socket {
  const holder = accepted as unknown as { _handle: object | null };
  const handle = holder._handle;
  if (!handle) {
    accepted.on('data', onBytes);
    accepted.resume();
    return accepted;
  }
  holder._handle = null;
  accepted.destroy();
  const callback = (length: number): boolean => {
    onBytes(buffer.subarray(0, length));
    return true;
  };
  const socket = new net.Socket({ handle, onread: { buffer, callback } } as net.SocketConstructorOpts);
  socket.setNoDelay(true);
  socket.resume();
  return socket;
}
