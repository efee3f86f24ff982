/** TCP options that flows want: those of a SYN, and the real client's address that load balancers put in (TOA). */
import { read16, read32 } from './bytes.ts';
import type { Packet } from './packet.ts';

/**
 * Kinds under which balancers send `port, address`: 254 (LVS, Alibaba, Huawei, and the loadable module most servers use), 253 and 200
 * (Tencent, Baidu). None is registered for it; 253 and 254 are for experiments (RFC 4727).
 */
const addressKinds: readonly number[] = [254, 253, 200];
/** Experiments under 253 and 254 name themselves in the first two bytes (RFC 6994): fast open, accurate ECN (three drafts), SMC. */
const otherExperiments: readonly number[] = [0xf989, 0xacce, 0xacc0, 0xacc1, 0xe2d4];

/** Reads the options in `bytes[at, end)`. The first that makes no sense ends them. */
export function readTcpOptions(packet: Packet, at: number, end: number, syn: boolean): void {
  const { bytes } = packet;
  while (at < end) {
    const kind = bytes[at]!;
    if (kind === 0) return;
    if (kind === 1) {
      at++;
      continue;
    }
    if (end - at < 2) return;
    const length = bytes[at + 1]!;
    if (length < 2 || length > end - at) return;
    if (syn) readSynOption(packet, kind, at, length);
    if (addressKinds.includes(kind)) readAddressOption(packet, at, length);
    at += length;
  }
}

function readSynOption(packet: Packet, kind: number, at: number, length: number): void {
  const { bytes } = packet;
  if (kind === 2 && length === 4) packet.mss = read16(bytes, at + 2);
  // More than 14 counts as 14 (RFC 7323 §2.3).
  else if (kind === 3 && length === 3) packet.windowScale = Math.min(14, bytes[at + 2]!);
  else if (kind === 4 && length === 2) packet.sackPermitted = 1;
}

/** Port and IPv4 address in 8 bytes, port and IPv6 address in 20. */
function readAddressOption(packet: Packet, at: number, length: number): void {
  const { bytes } = packet;
  if (length !== 8 && length !== 20) return;
  const port = read16(bytes, at + 2);
  if (otherExperiments.includes(port)) return;
  const address = read32(bytes, at + length - 4);
  if (address === 0 || port === 0) return;
  packet.realClientPort = port;
  packet.realClientAddress = address;
  packet.realClient0 = length === 8 ? 0 : read32(bytes, at + 4);
  packet.realClient1 = length === 8 ? 0 : read32(bytes, at + 8);
  packet.realClient2 = length === 8 ? 0xffff : read32(bytes, at + 12);
}
