/** Packets made by hand, for tests: a conversation between two ends, one call per packet. */
import { ipProtocols, Packet, tcpFlags } from '../../packet/packet.ts';
import type { StreamConsumer } from '../consumer.ts';
import { FlowTable } from '../flow-table.ts';
import { defaultFlowOptions, type FlowTableOptions } from '../options.ts';

export interface End {
  address: readonly [number, number, number, number];
  port: number;
}

/** `10.0.0.1` and a port. */
export function ipv4(text: string, port: number): End {
  const word = text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { address: [0, 0, 0xffff, word], port };
}

export const client = ipv4('10.0.0.1', 40000);
export const server = ipv4('10.0.0.2', 80);

/** Flags by letter: S F R P A. */
const letters: Readonly<Record<string, number>> = {
  S: tcpFlags.syn,
  F: tcpFlags.fin,
  R: tcpFlags.rst,
  P: tcpFlags.psh,
  A: tcpFlags.ack,
};

/** What may differ from an ordinary packet. */
export interface Extra {
  window?: number;
  /** Text, or how many bytes of `x`. */
  payload?: string | number;
  /** How many of them were captured. */
  captured?: number;
  point?: number;
  vlan?: number;
  tunnel?: number;
  tunnelId?: number;
}

const ipHeader = 20;
const packet = new Packet();
let frame = 0;

/** A TCP packet at `ms` milliseconds: the same object each time, as the decoder gives it. */
export function tcp(ms: number, from: End, to: End, flags: string, seq: number, ack = 0, extra: Extra = {}): Packet {
  fill(ms, from, to, ipProtocols.tcp, 20, extra);
  packet.seq = seq >>> 0;
  packet.ack = ack >>> 0;
  packet.window = extra.window ?? 1000;
  for (const letter of flags) packet.flags |= letters[letter]!;
  return packet;
}

export function udp(ms: number, from: End, to: End, payload: string | number, extra: Extra = {}): Packet {
  return fill(ms, from, to, ipProtocols.udp, 8, { ...extra, payload });
}

/** ICMP: the header's eight bytes come before the payload. */
export function icmp(ms: number, from: End, to: End, type: number, payload: string): Packet {
  fill(ms, from, to, ipProtocols.icmp, 8, { payload });
  packet.icmpType = type;
  return packet;
}

function fill(ms: number, from: End, to: End, protocol: number, header: number, extra: Extra): Packet {
  const payload = typeof extra.payload === 'number' ? 'x'.repeat(extra.payload) : (extra.payload ?? '');
  const bytes = Buffer.from(`${'i'.repeat(ipHeader)}${'h'.repeat(header)}${payload}`);
  Object.assign(packet, new Packet());
  packet.bytes = bytes;
  packet.timeNs = Math.round(ms * 1e6);
  packet.frame = ++frame;
  packet.point = extra.point ?? 0;
  packet.vlan = extra.vlan ?? 0;
  packet.tunnel = extra.tunnel ?? 0;
  packet.tunnelId = extra.tunnelId ?? 0;
  packet.ipVersion = from.address[2] === 0xffff ? 4 : 6;
  packet.ipProtocol = protocol;
  packet.ttl = 64;
  [packet.source0, packet.source1, packet.source2, packet.source3] = from.address;
  [packet.destination0, packet.destination1, packet.destination2, packet.destination3] = to.address;
  packet.sourcePort = from.port;
  packet.destinationPort = to.port;
  packet.ipStart = 0;
  packet.payloadStart = ipHeader + header;
  packet.payloadWireLength = bytes.length - packet.payloadStart;
  packet.payloadLength = extra.captured ?? packet.payloadWireLength;
  packet.capturedLength = packet.payloadStart + packet.payloadLength;
  packet.layer4Length = header + packet.payloadWireLength;
  packet.layer3Length = bytes.length;
  packet.wireLength = bytes.length + 14;
  return packet;
}

/** Notes everything that a consumer is told, one line each. */
export function noting(lines: string[], wants: (line: string) => boolean = () => true): StreamConsumer {
  const note = (line: string) => {
    lines.push(line);
    return wants(line);
  };
  const name = (side: 0 | 1) => (side === 0 ? 'client' : 'server');
  return {
    data: (side, bytes, start, end) => note(`${name(side)} ${Buffer.from(bytes.subarray(start, end)).toString()}`),
    gap: (side, length) => note(`${name(side)} gap ${length}`),
    finish: (side) => note(`${name(side)} finish`),
    close: (_timeNs, reason) => note(`close ${reason}`),
  };
}

/** A table whose epoch is 20 s into its minute, unless told otherwise. */
export function testTable(options: Partial<FlowTableOptions> = {}): FlowTable {
  return new FlowTable({
    ...defaultFlowOptions,
    clock: { epochUnixNs: 1_700_000_060n * 1_000_000_000n },
    points: [
      { interfaceName: 'eth0', observationPoint: 'c' },
      { interfaceName: 'eth1', observationPoint: 's' },
    ],
    connect: null,
    tunnelName: (code) => `tunnel-${code}`,
    resource: () => new Uint8Array(0),
    scopeVersion: '1',
    seed: 7,
    ...options,
  });
}
