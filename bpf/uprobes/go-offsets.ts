/** Where Go keeps what BPF programs read: fields of its runtime and libraries, in bytes, by version. */
import { goMinor } from '../elf/go-build-info.ts';
import { readCode, type Step } from './code.ts';

/** Fields of `runtime.g`, the goroutine. */
export interface GoroutineOffsets {
  goid: number;
  /** The goroutine that began this one; not kept before Go 1.21. */
  parentGoid: number | undefined;
}

/**
 * By minor version of Go: compared with the code of binaries of 1.19, 1.21, 1.22, 1.23, 1.24 and 1.26; 1.17, 1.18 and 1.20 are not
 * measured. Go 1.23 put syscallbp before them, 1.26 took one field out of gobuf. 1.25 is read from its code.
 */
const goroutines: Readonly<Record<number, GoroutineOffsets>> = {
  17: { goid: 152, parentGoid: undefined },
  18: { goid: 152, parentGoid: undefined },
  19: { goid: 152, parentGoid: undefined },
  20: { goid: 152, parentGoid: undefined },
  21: { goid: 152, parentGoid: 272 },
  22: { goid: 152, parentGoid: 272 },
  23: { goid: 160, parentGoid: 280 },
  24: { goid: 160, parentGoid: 280 },
  26: { goid: 152, parentGoid: 280 },
};

/** The oldest Go whose functions take arguments in registers on x86-64, which all programs rely on. */
export const oldestGo = 17;

/**
 * Fields that have been where they are since Go 1.17 (net, internal/poll, crypto/tls, bufio, net/http/h2, hpack):
 * tls.Conn begins with an interface (type, pointer) of the connection below, and HTTP/2's Framer with one of what it reads from; net.TCPConn
 * with a pointer to netFD; netFD with poll.FD, whose Sysfd follows 16 bytes of locks. HeadersFrame begins with FrameHeader. hpack's Encoder and
 * Decoder begin with what `struct hpack_table` (programs/tls/probes.h) has.
 */
export const goFields = {
  /** tls.Conn.conn, and the pointer of any interface. */
  tlsConnection: 0,
  interfacePointer: 8,
  tcpConnNetFd: 0,
  netFdSysfd: 16,
  /** Address family, 2 or 10, and type behind it, 1: by them a netFD is told from what else a connection may begin with. */
  netFdFamily: 56,
  frameHeaderStreamId: 8,
  /** Encoder.w: the interface's pointer, in hpack's case a *bytes.Buffer. */
  hpackEncoderWriter: 88,
  /** bufio.Reader.rd, and rd of grpc's bufReadyReader (from 1.81 on): interfaces. */
  bufioReaderSource: 24,
  readyReaderSource: 32,
  /** http2serverConn.conn, http2ClientConn.tconn and http2stream.id. The responseWriter begins with a pointer to its state, and that with one to the stream. */
  http2ServerConnection: 16,
  http2ClientConnection: 8,
  http2StreamId: 8,
} as const;

/**
 * Offsets for a binary: as its own code of runtime.newproc1 has them, which also holds for builds and versions that no table knows; otherwise as
 * the table has them. Undefined when neither tells.
 */
export function goroutineOffsets(version: string, newproc1: Uint8Array | undefined): GoroutineOffsets | undefined {
  return (newproc1 === undefined ? undefined : offsetsInCode(newproc1)) ?? goroutines[goMinor(version)?.minor ?? -1];
}

/**
 * runtime.newproc1 says `newg.parentGoid = callergp.goid; newg.gopc = callerpc`, and later `newg.goid = …`: a load, a store of the same
 * register, a store to the field behind it, and another store at the first load's distance. Exactly one triple must fit.
 */
export function offsetsInCode(newproc1: Uint8Array): GoroutineOffsets | undefined {
  const moves = (readCode(newproc1) ?? []).filter(isFieldMove);
  const found: GoroutineOffsets[] = [];
  for (const [index, load] of moves.entries()) {
    if (load.instruction.opcode !== 0x8b || !between(load, 120, 240)) continue;
    const register = load.instruction.reg;
    const store = moves
      .slice(index + 1, index + 4)
      .find(({ instruction: i }) => i.opcode === 0x89 && i.reg === register);
    if (store === undefined || !between(store, 240, 480)) continue;
    const goid = load.instruction.displacement;
    const parentGoid = store.instruction.displacement;
    const { base } = store.instruction;
    const gopc = moves.some(
      ({ instruction: i }) => i.opcode === 0x89 && i.base === base && i.displacement === parentGoid + 8,
    );
    const own = moves.some(({ instruction: i }) => i.opcode === 0x89 && i.displacement === goid);
    if (gopc && own) found.push({ goid, parentGoid });
  }
  return found.length === 1 ? found[0] : undefined;
}

/** A 64-bit move between a register and a field of what another register points to. */
function isFieldMove({ instruction }: Step): boolean {
  const { map, opcode, mod, rex, base, index, segment, vector } = instruction;
  if (map !== 1 || vector || (opcode !== 0x8b && opcode !== 0x89)) return false;
  return mod !== 3 && (rex & 8) !== 0 && base >= 0 && base !== 4 && index === -1 && segment === 0;
}

function between({ instruction }: Step, from: number, to: number): boolean {
  return instruction.displacement >= from && instruction.displacement <= to;
}
