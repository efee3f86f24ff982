/** Finds kept packets by addresses, ports and time, and gives them as one pcapng file. */
import { openCaptureFile } from '../packet/capture-file.ts';
import { PacketBlockWriter, packetBlockOverhead, writePcapngHeader } from '../packet/capture-file-writer.ts';
import { createCaptureClock } from '../packet/clock.ts';
import { PacketDecoder } from '../packet/decode.ts';
import { Packet } from '../packet/packet.ts';
import type { AddressWords } from './address.ts';
import { listSegments } from './segments.ts';

/** One end of a connection; what is left out may be anything. */
export interface WantedEnd {
  address?: AddressWords | undefined;
  port?: number | undefined;
}

export interface PacketQuery {
  /** The two ends, in either order. */
  ends: readonly [WantedEnd, WantedEnd];
  /** IP protocol number. */
  protocol?: number | undefined;
  fromMs: number;
  toMs: number;
  /** The result ends with the packet that would exceed this. */
  maxBytes: number;
  signal?: AbortSignal;
}

const bufferBytes = 1 << 20;

/** Pieces of a pcapng file; no piece when no packet fits. Packets come segment by segment, in order of time in each. */
export async function* searchPackets(directory: string, query: PacketQuery): AsyncGenerator<Uint8Array> {
  const segments = listSegments(directory).filter(
    (one) => one.endMs >= query.fromMs && one.startMs - spareMs <= query.toMs,
  );
  const clock = createCaptureClock(Math.floor(query.fromMs / 1000));
  const toNs = (query.toMs - Math.floor(query.fromMs / 1000) * 1000) * 1e6;
  const fromNs = (query.fromMs % 1000) * 1e6;
  const writer = new PacketBlockWriter(clock, bufferBytes);
  const decoder = new PacketDecoder();
  const packet = new Packet();
  let total = 0;
  for (const { path } of segments) {
    // A writer may have removed it meanwhile.
    const file = await openCaptureFile(path, { clock }).catch(() => undefined);
    if (file === undefined) continue;
    const numbers = new Map<string, number>();
    const described: { linkType: number; snapLength: number; name: string }[] = [];
    let section: Uint8Array | undefined;
    try {
      while (await file.fill()) {
        if (query.signal?.aborted) return;
        while (file.next(packet)) {
          if (packet.timeNs < fromNs || packet.timeNs > toNs) continue;
          const { bytes, start, capturedLength, wireLength, timeNs } = packet;
          if (!decoder.decode(packet, file.linkType) || !fits(packet, query)) continue;
          total += capturedLength + packetBlockOverhead;
          if (total > query.maxBytes) {
            yield writer.take();
            return;
          }
          const key = `${file.interfaceIndex} ${file.linkType}`;
          let number = numbers.get(key);
          if (number === undefined) {
            // Interfaces are described before packets of theirs: a new one begins a new section.
            if (writer.length > 0) yield writer.take();
            described.push({ linkType: file.linkType, snapLength: 0, name: file.interfaceName });
            number = described.length - 1;
            numbers.set(key, number);
            section = writePcapngHeader(described);
          }
          if (section !== undefined) {
            yield section;
            section = undefined;
          }
          if (!writer.add(number, timeNs, bytes, start, capturedLength, wireLength)) {
            yield writer.take();
            writer.add(number, timeNs, bytes, start, capturedLength, wireLength);
          }
        }
      }
      if (writer.length > 0) yield writer.take();
    } finally {
      await file.close();
    }
  }
}

/** Names of segments tell when they were begun, which is after the first packet was captured. */
const spareMs = 60_000;

function fits(packet: Packet, { ends: [one, other], protocol }: PacketQuery): boolean {
  if (protocol !== undefined && packet.ipProtocol !== protocol) return false;
  return (
    (isSource(packet, one) && isDestination(packet, other)) || (isSource(packet, other) && isDestination(packet, one))
  );
}

function isSource(packet: Packet, { address: words, port }: WantedEnd): boolean {
  if (port !== undefined && packet.sourcePort !== port) return false;
  if (words === undefined) return true;
  const { source0, source1, source2, source3 } = packet;
  return same(words, source0, source1, source2, source3);
}

function isDestination(packet: Packet, { address: words, port }: WantedEnd): boolean {
  if (port !== undefined && packet.destinationPort !== port) return false;
  if (words === undefined) return true;
  const { destination0, destination1, destination2, destination3 } = packet;
  return same(words, destination0, destination1, destination2, destination3);
}

/** Words may be signed or not. */
function same(words: AddressWords, a: number, b: number, c: number, d: number): boolean {
  return ((words[0] ^ a) | (words[1] ^ b) | (words[2] ^ c) | (words[3] ^ d)) === 0;
}
