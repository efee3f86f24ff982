/** Runs spoilt frames through the packet decoder and checks what must hold whatever the bytes are. */
import { decoderDefaults, PacketDecoder } from '../../flow/packet/decode.ts';
import { decodeOutcomes } from '../../flow/packet/decode-cursor.ts';
import { Packet } from '../../flow/packet/packet.ts';
import { packetText } from '../../flow/packet/testing/packet-text.ts';
import { mutateFrame } from './packet-mutations.ts';
import { Random } from './random.ts';

export interface Frame {
  readonly linkType: number;
  readonly bytes: Uint8Array;
}

export interface PacketCampaign {
  readonly seed: number;
  readonly cases: number;
  readonly frames: readonly Frame[];
  readonly caseLimitMs: number;
  onFinding(index: number, frame: Frame, error: Error): void;
}

export interface PacketFigures {
  readonly cases: number;
  /** How many frames had each outcome, by name. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly tunnels: number;
  readonly datagramsPutTogether: number;
  readonly slowestMs: number;
  /** Most that fragments held at any time. */
  readonly heldBytes: number;
}

/** Bytes of another frame before and behind: reading them is an error. */
const margin = 96;

/** The decoder keeps fragments from case to case, so a case is made again by running up to it. */
export function runPacketCampaign(campaign: PacketCampaign): PacketFigures {
  const { seed, cases, frames } = campaign;
  // Two readers see the same frames among different bytes: what they read must be the same.
  const first = createReader(0x00);
  const second = createReader(0xff);
  let tunnels = 0;
  let slowestMs = 0;
  let heldBytes = 0;
  for (let index = 0; index < cases; index++) {
    const random = new Random(seed, index);
    const { linkType, bytes } = random.pick(frames);
    const spoilt = { linkType, bytes: mutateFrame(random, bytes, random.pick(frames).bytes) };
    const unseen = random.oneIn(4) ? random.below(2000) : 0;
    try {
      const startMs = performance.now();
      const decoded = first.read(spoilt, unseen, index);
      const tookMs = performance.now() - startMs;
      slowestMs = Math.max(slowestMs, tookMs);
      if (tookMs > campaign.caseLimitMs) throw new Error(`took ${tookMs.toFixed(1)} ms`);
      if (second.read(spoilt, unseen, index) !== decoded) throw new Error('bytes beside the frame change the outcome');
      if (packetText(first.packet) !== packetText(second.packet)) {
        throw new Error(`bytes beside the frame were read: ${packetText(first.packet)}, ${packetText(second.packet)}`);
      }
      if (decoded) checkPacket(first.packet);
      if (first.packet.tunnel !== 0) tunnels++;
      heldBytes = Math.max(heldBytes, first.decoder.fragments.heldBytes);
      if (heldBytes > decoderDefaults.fragments.maxBytes) throw new Error(`fragments hold ${heldBytes} bytes`);
    } catch (error) {
      campaign.onFinding(index, spoilt, error as Error);
    }
  }
  const outcomes = Object.fromEntries(decodeOutcomes.map((name, code) => [name, first.decoder.outcomes[code]!]));
  const datagramsPutTogether = first.decoder.fragments.completed;
  return { cases, outcomes, tunnels, datagramsPutTogether, slowestMs, heldBytes };
}

function createReader(fill: number) {
  const decoder = new PacketDecoder();
  const packet = new Packet();
  const buffer = new Uint8Array(16384);
  return {
    decoder,
    packet,
    /** `unseen` bytes were on the wire behind what was captured. A millisecond passes from case to case. */
    read({ linkType, bytes }: Frame, unseen: number, index: number): boolean {
      buffer.fill(fill, 0, margin);
      buffer.set(bytes, margin);
      buffer.fill(fill, margin + bytes.length, 2 * margin + bytes.length);
      packet.bytes = buffer;
      packet.start = margin;
      packet.capturedLength = bytes.length;
      packet.wireLength = bytes.length + unseen;
      packet.timeNs = index * 1e6;
      return decoder.decode(packet, linkType);
    },
  };
}

/** What flows and parsers rely on. */
function checkPacket(packet: Packet): void {
  const { start, capturedLength, bytes } = packet;
  const end = start + capturedLength;
  const { payloadStart, payloadLength, payloadWireLength, layer3Length, layer4Length, ipStart } = packet;
  expect(end <= bytes.length, 'captured bytes within the buffer');
  expect(packet.ipVersion === 4 || packet.ipVersion === 6, 'an IP version');
  expect(ipStart >= start && ipStart < end, 'the IP header within the frame');
  expect(payloadStart >= ipStart && payloadStart + payloadLength <= end, 'the payload within the frame');
  expect(payloadLength >= 0 && payloadLength <= payloadWireLength, 'no more captured than there was');
  expect(payloadWireLength <= layer4Length && layer4Length <= layer3Length, 'layers within layers');
  expect(packet.tunnelDepth <= decoderDefaults.maxTunnelDepth, 'the depth of tunnels');
  for (const at of [packet.ethernetStart, packet.outerEthernetStart, packet.outerIpStart, packet.innerStart]) {
    expect(at === -1 || (at >= start && at < end), 'headers within the frame');
  }
  for (const port of [packet.sourcePort, packet.destinationPort]) expect(port >= 0 && port <= 65535, 'ports');
  for (const word of [packet.seq, packet.ack]) expect(word >= 0 && word < 2 ** 32, 'sequence numbers');
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}
