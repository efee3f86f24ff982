/** Where grpc-go keeps the number of a stream and the connection below it, in bytes, by version. */

/** Fields of google.golang.org/grpc/internal/transport; what `struct grpc_layout` of BPF programs holds. */
export interface GrpcLayout {
  /** Stream.id, of which the streams of client and server are made: as their first field, or the pointer there points to it. */
  streamId: number;
  streamIsPointer: boolean;
  /** Pointer to the connection in the stream of a client. */
  clientTransport: number;
  /** `conn`, a net.Conn, in http2Client and http2Server. */
  clientConnection: number;
  serverConnection: number;
}

interface Since extends GrpcLayout {
  /** The first version of grpc 1 that has it: minor and patch. */
  minor: number;
  patch: number;
}

/**
 * From the source of each minor version, and compared with what DWARF tells of programs that were built with 1.50.0, 1.55.0, 1.59.0,
 * 1.62.0, 1.67.1, 1.72.0, 1.78.0, 1.82.1, 1.83.0 and 1.85.0.
 */
const layouts: readonly Since[] = [
  layout([40, 0], 0, false, 24, 64, 32),
  // The client knows the server's address, whose own fields became fewer in 1.58.
  layout([52, 0], 0, false, 24, 136, 32),
  layout([58, 0], 0, false, 24, 128, 32),
  // The server has no context of its own any more.
  layout([60, 0], 0, false, 24, 128, 16),
  // The client's transport is kept as an interface, whose pointer follows its type.
  layout([66, 0], 0, false, 32, 128, 16),
  // Client and server have streams of their own.
  layout([69, 0], 0, true, 8, 128, 16),
  layout([77, 0], 108, false, 328, 128, 16),
  // What a stream received is counted.
  layout([83, 1], 108, false, 360, 128, 16),
];

/** The newest minor version that was looked at. */
const newest = 85;

/** All layouts in the order of their numbers, which begin at 1: 0 is none. */
export const grpcLayouts: readonly GrpcLayout[] = layouts;

/** The number of a version's layout (`v1.85.0`); 0 when nobody measured it. */
export function grpcLayoutOf(version: string): number {
  const [, minorText, patchText] = /^v1\.(\d+)\.(\d+)/.exec(version) ?? [];
  const [minor, patch] = [Number(minorText ?? -1), Number(patchText)];
  if (minor > newest) return 0;
  return layouts.findLastIndex((one) => minor > one.minor || (minor === one.minor && patch >= one.patch)) + 1;
}

function layout(
  [minor, patch]: readonly [number, number],
  streamId: number,
  streamIsPointer: boolean,
  clientTransport: number,
  clientConnection: number,
  serverConnection: number,
): Since {
  return { minor, patch, streamId, streamIsPointer, clientTransport, clientConnection, serverConnection };
}
