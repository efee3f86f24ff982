import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketDecoder } from './decode.ts';
import { decodeOutcomes } from './decode-cursor.ts';
import { linkTypes } from './decode-link.ts';
import { Packet } from './packet.ts';
import { type Bytes, ethernet, ipv4, ipv6, mpls, tcp, text, u16, udp, vlan } from './testing/build.ts';
import { packetText } from './testing/packet-text.ts';
import { samples } from './testing/samples.ts';

const { ethernet: linkEthernet } = linkTypes;
const segment = tcp(text('abc'));
const frame = ethernet(0x0800, ipv4(6, segment));

/** Decodes one frame that lies somewhere in a buffer; 'outcome' or the packet's text. */
function decode(bytes: Bytes, linkType: number, wireLength = bytes.length, decoder = new PacketDecoder()): string {
  const packet = new Packet();
  packet.bytes = Uint8Array.from([...new Array(13).fill(0xee), ...bytes, ...new Array(70).fill(0xee)]);
  packet.start = 13;
  packet.capturedLength = bytes.length;
  packet.wireLength = wireLength;
  return decoder.decode(packet, linkType) ? packetText(packet) : outcome(decoder);
}

function outcome(decoder: PacketDecoder): string {
  return decodeOutcomes[decoder.outcomes.findIndex((count) => count > 0)]!;
}

for (const { name, linkType, bytes, says } of samples) {
  test(`reads ${name}`, () => assert.equal(decode(bytes, linkType), says));
}

for (const { name, linkType, bytes, says } of samples) {
  test(`takes what is left of ${name} when it was captured in part`, () => {
    const [payload] = /\d+(?= bytes)/.exec(says)!;
    for (let length = 0; length < bytes.length; length++) {
      const result = decode(bytes.slice(0, length), linkType, bytes.length);
      // Headers that are there are read as if all had been captured.
      if (!decodeOutcomes.includes(result)) assert.match(result, new RegExp(`\\b${payload} bytes|protocol|udp`));
    }
  });
}

test('a snapped packet keeps its length on the wire', () => {
  const says = '10.0.0.1:40000 > 10.0.0.2:80 tcp seq 1000 ack 5000 flags 24 window 512 | 3 bytes | 1 captured';
  assert.equal(decode(frame.slice(0, -2), linkEthernet, frame.length), says);
});

const outcomes: [name: string, bytes: Bytes, linkType: number, outcome: string][] = [
  ['an unknown link type', frame, 999, 'unknown_link_type'],
  ['ARP', ethernet(0x0806, new Array(28).fill(0)), linkEthernet, 'not_ip'],
  ['spanning tree', ethernet(38, [0x42, 0x42, 3, ...new Array(35).fill(0)]), linkEthernet, 'not_ip'],
  ['a frame that ends in its header', frame.slice(0, 30), linkEthernet, 'short'],
  ['version 5 of IP', ethernet(0x0800, [0x55, ...ipv4(6, segment).slice(1)]), linkEthernet, 'bad_ip'],
  ['a header length of 4 words', ethernet(0x0800, [0x44, ...ipv4(6, segment).slice(1)]), linkEthernet, 'bad_ip'],
  ['a total length within the header', ethernet(0x0800, ipv4(6, segment, { totalLength: 19 })), linkEthernet, 'bad_ip'],
  [
    'a TCP header of 4 words',
    ethernet(0x0800, ipv4(6, [...segment.slice(0, 12), 0x40, ...segment.slice(13)])),
    linkEthernet,
    'bad_transport',
  ],
  [
    'a TCP header beyond the packet',
    ethernet(0x0800, ipv4(6, [...segment.slice(0, 12), 0xf0, ...segment.slice(13)])),
    linkEthernet,
    'bad_transport',
  ],
  ['a UDP length of 7', ethernet(0x0800, ipv4(17, udp(53, [1], 7))), linkEthernet, 'bad_transport'],
  ['tags without end', ethernet(0x8100, new Array(200).fill([0, 1, 0x81, 0]).flat()), linkEthernet, 'too_deep'],
  ['labels without end', ethernet(0x8847, new Array(200).fill([0, 1, 0, 64]).flat()), linkEthernet, 'too_deep'],
  [
    'extension headers without end',
    ethernet(0x86dd, ipv6(60, new Array(200).fill([60, 0, 1, 4, 0, 0, 0, 0]).flat())),
    linkEthernet,
    'too_deep',
  ],
];

for (const [name, bytes, linkType, expected] of outcomes) {
  test(`counts ${name}`, () => assert.equal(decode(bytes, linkType), expected));
}

const notTunnels: [name: string, bytes: Bytes, says: string][] = [
  ['text at the port of VXLAN', udp(4789, text('\b just text, long enough to be anything at all')), 'udp | 46 bytes'],
  ['a VXLAN header before nothing', udp(4789, [8, 0, 0, 0, 0, 0, 7, 0]), 'udp | 8 bytes'],
  [
    'a VXLAN header before a bad packet',
    udp(4789, [8, 0, 0, 0, 0, 0, 7, 0, ...ethernet(0x0800, new Array(40).fill(0x99))]),
    'udp | 62 bytes',
  ],
  ['options of Geneve beyond the packet', udp(6081, [0x3f, 0, 0x65, 0x58, 0, 0, 9, 0, ...frame]), 'udp | 65 bytes'],
  ['an echo request of GTP-U', udp(2152, [0x32, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]), 'udp | 12 bytes'],
  [
    'extension headers of GTP-U without end',
    udp(2152, [0x34, 255, 0, 99, 0, 0, 0, 1, 0, 0, 0, 0x85, ...new Array(95).fill(1)]),
    'udp | 107 bytes',
  ],
];

for (const [name, inner, says] of notTunnels) {
  test(`${name} is no tunnel`, () => {
    assert.equal(
      decode(ethernet(0x8100, vlan(5, 0x0800, ipv4(17, inner))), linkEthernet).replace(/.*\.2:\d+ /, ''),
      says,
    );
    assert.match(
      decode(ethernet(0x8100, vlan(5, 0x0800, ipv4(17, inner))), linkEthernet),
      /^vlan 5 \| 10\.0\.0\.1:40000 > /,
    );
  });
}

test('routed GRE and unknown payloads of GRE are flows of protocol 47', () => {
  const routed = ethernet(0x0800, ipv4(47, [0x40, 0, 8, 0, 0, 0, 0, 0, ...ipv4(6, segment)]));
  assert.match(decode(routed, linkEthernet), /protocol 47 /);
  const unknown = ethernet(0x0800, ipv4(47, [0, 0, 0x12, 0x34, 1, 2, 3]));
  assert.match(decode(unknown, linkEthernet), /protocol 47 \| 7 bytes/);
});

test('an IP packet in VXLAN is found at any port when it fills the datagram', () => {
  const inner = [8, 0, 0, 0, 0, 0, 7, 0, ...frame];
  assert.match(decode(ethernet(0x0800, ipv4(17, udp(50000, inner))), linkEthernet), /^VXLAN 7 /);
  assert.match(decode(ethernet(0x0800, ipv4(17, udp(50000, [...inner, 0]))), linkEthernet), /50000 udp/);
});

test('opens only the tunnels it is told to, and only so deep', () => {
  const nested = (depth: number): Bytes => (depth === 0 ? ipv4(6, segment) : ipv4(4, nested(depth - 1)));
  const bytes = ethernet(0x0800, nested(6));
  assert.match(decode(bytes, linkEthernet), /^IPIP 0 depth 4 \| .* protocol 4 /);
  assert.match(
    decode(bytes, linkEthernet, bytes.length, new PacketDecoder({ maxTunnelDepth: 6 })),
    /^IPIP 0 depth 6 \| .* tcp /,
  );
  assert.match(decode(bytes, linkEthernet, bytes.length, new PacketDecoder({ tunnels: ['gre'] })), /^10.* protocol 4 /);
});

test('a pseudowire without a control word is told from IP', () => {
  const inner = [0x45, 0, 0, 0, 0, 9, ...frame.slice(6)];
  assert.match(decode(ethernet(0x8847, mpls(17, true, inner)), linkEthernet), /^mpls 17 \| 10.* tcp .*3 bytes/);
});

test('an option of another experiment is no address', () => {
  const options = [254, 8, ...u16(0xf989), 1, 2, 3, 4];
  assert.doesNotMatch(decode(ethernet(0x0800, ipv4(6, tcp([], { options }))), linkEthernet), /real client/);
});

test('options that lie about their length end the list', () => {
  for (const length of [0, 1, 9]) {
    const options = [254, length, 1, 2, 1, 2, 3, 4];
    assert.match(decode(ethernet(0x0800, ipv4(6, tcp([], { options }))), linkEthernet), /window 512 \| 0 bytes/);
  }
});
