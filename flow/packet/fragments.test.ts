import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketDecoder } from './decode.ts';
import { decodeOutcomes } from './decode-cursor.ts';
import { type FragmentOptions, fragmentDefaults } from './fragments.ts';
import { Packet } from './packet.ts';
import { type Bytes, ethernet, ipv4, ipv6, tcp, u16, u32, udp, vlan } from './testing/build.ts';
import { packetText } from './testing/packet-text.ts';

const payload: Bytes = Array.from({ length: 3000 }, (_, index) => index & 255);
const datagram = udp(53, payload);

interface Piece {
  /** In bytes of the datagram. */
  from: number;
  to: number;
}

/** Three pieces of 8n bytes and the rest. */
const pieces: Piece[] = [
  { from: 0, to: 1000 },
  { from: 1000, to: 2000 },
  { from: 2000, to: 2800 },
  { from: 2800, to: datagram.length },
];

function piece4({ from, to }: Piece, whole = datagram, id = 7): Bytes {
  const more = to < whole.length ? 0x2000 : 0;
  return ethernet(0x0800, ipv4(17, whole.slice(from, to), { fragment: more | (from / 8), id }));
}

function piece6({ from, to }: Piece): Bytes {
  const more = to < datagram.length ? 1 : 0;
  const header = [17, 0, ...u16(from | more), ...u32(99)];
  return ethernet(0x8100, vlan(5, 0x86dd, ipv6(44, [...header, ...datagram.slice(from, to)])));
}

function createReader(options: Partial<FragmentOptions> = {}) {
  const decoder = new PacketDecoder({ fragments: { ...fragmentDefaults, ...options } });
  const packet = new Packet();
  /** The packet's text, or why there is none. */
  function read(bytes: Bytes, timeNs = 0, cut = 0): string {
    packet.bytes = Uint8Array.from([...new Array(30).fill(0xee), ...bytes]);
    packet.start = 30;
    packet.capturedLength = bytes.length - cut;
    packet.wireLength = bytes.length;
    packet.timeNs = timeNs;
    const before = decoder.outcomes.slice();
    if (decoder.decode(packet, 1)) return packetText(packet);
    return decodeOutcomes[decoder.outcomes.findIndex((count, index) => count > before[index]!)]!;
  }
  return { decoder, packet, read };
}

const whole = '10.0.0.1:40000 > 10.0.0.2:53 udp | 3000 bytes | 4 fragments';

for (const order of [
  [0, 1, 2, 3],
  [3, 2, 1, 0],
  [2, 0, 3, 1],
]) {
  test(`puts a datagram together whose fragments come as ${order}`, () => {
    const { packet, read, decoder } = createReader();
    const results = order.map((index) => read(piece4(pieces[index]!)));
    assert.deepEqual(results, ['fragment', 'fragment', 'fragment', whole]);
    assert.deepEqual([...packet.bytes.subarray(packet.payloadStart, packet.payloadStart + 3000)], payload);
    assert.equal(packet.ethernetStart, 0);
    assert.equal(packet.wireLength, 4 * 34 + datagram.length);
    assert.equal(packet.layer3Length, 20 + datagram.length);
    assert.equal(decoder.fragments.completed, 1);
  });
}

test('puts IPv6 fragments together', () => {
  const { packet, read } = createReader();
  const results = [1, 3, 0, 2].map((index) => read(piece6(pieces[index]!)));
  assert.equal(results.at(-1), 'vlan 5 | [2001:db8::1]:40000 > [2001:db8::2]:53 udp | 3000 bytes | 4 fragments');
  assert.deepEqual([...packet.bytes.subarray(packet.payloadStart, packet.payloadStart + 3000)], payload);
});

test('opens a tunnel whose packets came in fragments, and fragments inside a tunnel', () => {
  const { read } = createReader();
  const inner = ipv4(6, tcp(payload));
  const tunnel = udp(4789, [8, 0, 0, 0, 0, 0, 7, 0, ...ethernet(0x0800, inner)]);
  assert.equal(read(piece4({ from: 0, to: 1480 }, tunnel)), 'fragment');
  assert.match(
    read(piece4({ from: 1480, to: tunnel.length }, tunnel)),
    /^VXLAN 7 \| .* tcp .* 3000 bytes \| 2 fragments/,
  );

  const inside = (piece: Piece) => ethernet(0x0800, ipv4(4, piece4(piece).slice(14)));
  for (const piece of pieces.slice(0, 3)) assert.equal(read(inside(piece)), 'fragment');
  assert.equal(read(inside(pieces[3]!)), `IPIP 0 | ${whole}`);
});

test('a fragment that comes twice changes nothing', () => {
  const { read } = createReader();
  const results = [0, 0, 1, 1, 2, 3].map((index) => read(piece4(pieces[index]!)));
  assert.equal(results.at(-1), whole);
});

test('an overlap drops the datagram, and what is still to come of it', () => {
  const { read, decoder } = createReader();
  assert.equal(read(piece4(pieces[0]!)), 'fragment');
  assert.equal(read(piece4({ from: 992, to: 2000 })), 'bad_fragment');
  assert.deepEqual(
    pieces.map((piece) => read(piece4(piece))),
    ['bad_fragment', 'bad_fragment', 'bad_fragment', 'bad_fragment'],
  );
  assert.equal(decoder.fragments.refused, 1);
});

test('the same place with other bytes is an overlap', () => {
  const { read } = createReader();
  assert.equal(read(piece4(pieces[1]!)), 'fragment');
  assert.equal(
    read(
      piece4(
        pieces[1]!,
        datagram.map((byte) => byte ^ 1),
      ),
    ),
    'bad_fragment',
  );
});

test('an end that moves is refused', () => {
  const { read } = createReader();
  assert.equal(read(piece4(pieces[3]!)), 'fragment');
  assert.equal(read(piece4({ from: 2000, to: 2800 }, datagram.slice(0, 2800))), 'bad_fragment');
});

test('lengths that cannot be are refused', () => {
  const { read, decoder } = createReader();
  assert.equal(read(piece4({ from: 0, to: 1001 })), 'bad_fragment');
  const beyond = ethernet(0x0800, ipv4(17, payload.slice(0, 16), { fragment: 0x1fff }));
  assert.equal(read(beyond), 'bad_fragment');
  assert.equal(read(piece4(pieces[0]!), 0, 10), 'cut');
  assert.equal(decoder.fragments.heldBytes, 0);
});

test('fragments of other datagrams do not mix', () => {
  const { read } = createReader();
  assert.equal(read(piece4({ from: 0, to: 1000 }, datagram, 1)), 'fragment');
  assert.equal(read(piece4({ from: 1000, to: datagram.length }, datagram, 2)), 'fragment');
});

test('waits 30 seconds for the rest', () => {
  const { read, decoder } = createReader();
  assert.equal(read(piece4({ from: 0, to: 1000 }), 0), 'fragment');
  assert.equal(read(piece4({ from: 1000, to: datagram.length }), 31e9), 'fragment');
  assert.equal(decoder.fragments.timedOut, 1);
  assert.equal(read(piece4({ from: 0, to: 1000 }), 60e9).replace(/ \|.*/, ''), '10.0.0.1:40000 > 10.0.0.2:53 udp');
});

test('keeps a bounded number of datagrams and bytes', () => {
  const { read, decoder } = createReader({ maxDatagrams: 64, maxBytes: 1 << 20 });
  for (let id = 0; id < 5000; id++) read(piece4({ from: 56000, to: 56008 }, new Array(60000).fill(0), id), id);
  assert.ok(decoder.fragments.heldBytes <= 1 << 20, `${decoder.fragments.heldBytes}`);
  assert.ok(decoder.fragments.evicted >= 5000 - 64, `${decoder.fragments.evicted}`);
});
