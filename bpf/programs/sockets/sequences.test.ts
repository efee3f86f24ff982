import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPacketRing } from '../../packet-ring/ring.ts';
import { missingPermission, startCapture } from './testing/capture.ts';
import { tell } from './testing/python.ts';

/** Both directions with random sizes, reads that end in the middle of what was written, and a FIN that comes with the last bytes. */
const conversation = (port: number) => `
import random
random.seed(7)
listener = socket.socket(); listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(('127.0.0.1', ${port})); listener.listen()
a = socket.create_connection(('127.0.0.1', ${port})); b, _ = listener.accept()
counter = 0
for turn in range(200):
    source, sink = (a, b) if random.random() < 0.5 else (b, a)
    data = b''.join(b'%06d.' % (counter + i) for i in range(random.randrange(1, 400))); counter += 400
    cut = random.randrange(len(data))
    source.sendmsg([data[:cut], data[cut:]])
    left = len(data)
    while left: left -= len(sink.recv(random.randrange(1, left + 1)))
a.sendall(b'last'); a.close()
time.sleep(0.1)
while b.recv(100): pass
b.close()
`;

describe('sequence numbers', { skip: missingPermission() ?? false }, () => {
  test('are those of the packets that carried the bytes, in both directions and beside a FIN', async () => {
    const reserved = createServer().listen(0, '127.0.0.1');
    await once(reserved, 'listening');
    const { port } = reserved.address() as { port: number };
    reserved.close();
    await once(reserved, 'close');
    const streams = new Streams();
    const plan = { interface: 'lo', filter: `tcp port ${port}`, blockSize: 1 << 20, blocks: 16, retireMs: 5 };
    const packet = { bytes: new Uint8Array(0), start: 0, capturedLength: 0, wireLength: 0, timeNs: 0 };
    const limits = { promiscuous: false, ignoreOutgoing: true, snapLength: 262_144, epochSeconds: 0 };
    const ring = openPacketRing({ ...plan, ...limits }, () => {
      while (ring.next(packet)) streams.add(Buffer.from(packet.bytes.buffer, packet.start, packet.capturedLength));
    });
    using capture = startCapture({ unknownPayloadBytes: 16_384 });
    const told = await tell(capture, conversation(port));
    await sleep(50);
    ring.close();
    const data = told.filter(({ kind, length }) => kind === 'data' && length > 0);
    assert.ok(data.length > 400);
    for (const event of data) {
      const from = event.direction === 'out' ? event.localPort : event.remotePort;
      assert.equal(streams.read(from, event.sequence, event.length), event.payload);
    }
    const ends = told.filter(({ kind, length }) => kind === 'data' && length === 0);
    assert.deepEqual(
      ends.map(({ sequence }) => sequence),
      [streams.end(data.at(-1)!.remotePort)],
    );
  });
});

/** Bytes of each direction by sequence number, as packets carried them. */
class Streams {
  readonly #segments = new Map<number, { sequence: number; text: string }[]>();

  /** An Ethernet frame with IPv4 and TCP. */
  add(frame: Buffer): void {
    const ip = 14;
    const tcp = ip + (frame[ip]! & 15) * 4;
    const start = tcp + (frame[tcp + 12]! >> 4) * 4;
    const text = frame.toString('latin1', start, ip + frame.readUInt16BE(ip + 2));
    if (text === '') return;
    const port = frame.readUInt16BE(tcp);
    const segments = this.#segments.get(port) ?? [];
    segments.push({ sequence: frame.readUInt32BE(tcp + 4), text });
    this.#segments.set(port, segments);
  }

  read(port: number, sequence: number, length: number): string {
    const bytes: string[] = new Array(length).fill('?');
    for (const segment of this.#segments.get(port) ?? []) {
      const at = (segment.sequence - sequence) | 0;
      for (let i = Math.max(0, -at); i < segment.text.length && at + i < length; i++) bytes[at + i] = segment.text[i]!;
    }
    return bytes.join('');
  }

  end(port: number): number {
    const last = this.#segments.get(port)!.at(-1)!;
    return (last.sequence + last.text.length) >>> 0;
  }
}
