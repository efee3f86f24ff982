import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { createMap, enableRunTimeStats, openRing } from 'libbpfjs';
import { event, eventKind, eventRole, tcpEvent } from '../event.gen.ts';
import { EventReader } from '../event.ts';
import { missingPermission } from '../sockets/testing/capture.ts';
import { openTcp, type TcpProgram } from './tcp.ts';

const recordBytes = event.size + tcpEvent.size;

describe('the TCP program', { skip: missingPermission() ?? false }, () => {
  function open(ringBytes: number) {
    const events = createMap({ type: 'ringbuf', name: 'events', keySize: 0, valueSize: 0, maxEntries: ringBytes });
    const program = openTcp({ events });
    const ring = openRing(events);
    const close = () => {
      program.close();
      ring.close();
      events.close();
    };
    after(close);
    return { program, ring, close };
  }

  test('takes one of the two programs for drops, and all others', () => {
    const { program } = open(1 << 16);
    assert.equal(program.missing.length, 1);
    assert.match(program.missing[0]!, /^dropped/);
    program.detach();
    assert.equal(program.openConnections(), undefined);
    program.close();
  });

  test('tells of a connection at its end, from both ends, with begin, owner and sequence numbers', async () => {
    const { ring, close } = open(1 << 22);
    const port = await talk(1);
    const found: Record<number, { pid: number; begin: number; time: number; sequences: number[] }> = {};
    const reader = new EventReader(ring.data);
    const count = ring.claim();
    for (let index = 0; index < count; index++) {
      reader.at(ring.offsets[index]!);
      const { kind, localPort, remotePort, role, pid, beginNs, timeNs, sequence, otherSequence } = reader;
      if (localPort !== port && remotePort !== port) continue;
      assert.equal(kind, eventKind.tcp);
      assert.equal(ring.lengths[index], recordBytes);
      found[role] = { pid, begin: beginNs, time: timeNs, sequences: [sequence, otherSequence] };
    }
    ring.release();
    close();
    const client = found[eventRole.client]!;
    const server = found[eventRole.server]!;
    assert.deepEqual(client.sequences, [...server.sequences].reverse());
    for (const { pid, begin, time } of [client, server]) {
      assert.equal(pid, process.pid);
      assert.ok(begin > 0 && begin < time && time <= Number(process.hrtime.bigint()));
    }
  });

  const families: [name: string, listen: string, dial: string, family: number, address: Uint8Array][] = [
    ['IPv4', '127.0.0.1', '127.0.0.1', 4, Uint8Array.of(127, 0, 0, 1)],
    ['IPv6', '::1', '::1', 6, Uint8Array.of(...Array(15).fill(0), 1)],
    ['IPv4 at a socket of IPv6', '::', '127.0.0.1', 4, Uint8Array.of(127, 0, 0, 1)],
  ];
  for (const [name, listen, dial, family, address] of families) {
    test(`tells addresses of ${name}`, async () => {
      const { ring, close } = open(1 << 22);
      const port = await talk(1, listen, dial);
      const reader = new EventReader(ring.data);
      const count = ring.claim();
      let ends = 0;
      for (let index = 0; index < count; index++) {
        reader.at(ring.offsets[index]!);
        if (reader.localPort !== port && reader.remotePort !== port) continue;
        ends++;
        assert.equal(reader.family, family);
        for (const at of [reader.localAt, reader.remoteAt]) {
          assert.deepEqual(reader.bytes.slice(at, at + address.length), address);
        }
      }
      ring.release();
      close();
      assert.equal(ends, 2);
    });
  }

  test('counts what finds no room', async () => {
    const { program, close } = open(4096);
    await talk(40);
    assert.ok(program.lost() > 0);
    close();
  });

  test('costs little for a connection, and nothing for a packet', async (t) => {
    const { program, close } = open(1 << 22);
    const statistics = enableRunTimeStats();
    try {
      const before = total(program);
      await talk(300);
      const after = total(program);
      const ofConnection = (after.timeNs - before.timeNs) / 600;
      t.diagnostic(`${Math.round(ofConnection)} ns for each end of a connection`);
      // Other programs of this host have connections too: the bound is not tight.
      assert.ok(ofConnection < 20_000, `${ofConnection} ns`);
      assert.ok(after.runs - before.runs < 600 * 60, `${after.runs - before.runs} runs`);
    } finally {
      statistics.close();
      close();
    }
  });
});

function total(program: TcpProgram): { runs: number; timeNs: number } {
  const sum = { runs: 0, timeNs: 0 };
  for (const { runs, timeNs } of program.statistics()) {
    sum.runs += runs;
    sum.timeNs += timeNs;
  }
  return sum;
}

/** Opens and ends so many connections on loopback, one after the other; gives the server's port. */
async function talk(connections: number, listen = '127.0.0.1', dial = listen): Promise<number> {
  const server = createServer((socket) => socket.resume().end('x'));
  server.listen(0, listen);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i < connections; i++) {
    const socket = connect(port, dial);
    socket.end('hello').resume();
    await once(socket, 'close');
  }
  server.close();
  await once(server, 'close');
  return port;
}
