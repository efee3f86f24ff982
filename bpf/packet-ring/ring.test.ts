import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { addonPath, loadAddon, type RingHandle } from './addon.ts';
import { compileFilter } from './filter.ts';
import { listInterfaces, listNamespaces } from './interfaces.ts';
import { openPacketRing, PacketRing, type RingOptions } from './ring.ts';

/** Opening packet sockets and making namespaces is for root; without, the tests see that the refusal is a clear one. */
const root = process.getuid?.() === 0;
const epochSeconds = Math.floor(Date.now() / 1000) - 60;

function options(more: Partial<RingOptions> = {}): RingOptions {
  return {
    interface: 'lo',
    blockSize: 1 << 16,
    blocks: 16,
    retireMs: 5,
    promiscuous: false,
    ignoreOutgoing: true,
    snapLength: 262144,
    epochSeconds,
    ...more,
  };
}

interface Seen {
  ring: PacketRing;
  /** Each packet's captured bytes. */
  packets: Buffer[];
  lengths: number[];
  times: number[];
}

function watch(t: TestContext, more: Partial<RingOptions> = {}): Seen {
  const packet = { bytes: new Uint8Array(0), start: 0, capturedLength: 0, wireLength: 0, timeNs: 0 };
  const seen: Omit<Seen, 'ring'> = { packets: [], lengths: [], times: [] };
  const ring = openPacketRing(options(more), () => {
    while (ring.next(packet)) {
      seen.packets.push(Buffer.from(packet.bytes.subarray(packet.start, packet.start + packet.capturedLength)));
      seen.lengths.push(packet.wireLength);
      seen.times.push(packet.timeNs);
    }
  });
  t.after(() => ring.close());
  return { ring, ...seen };
}

async function until(what: string, check: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!check()) {
    assert.ok(performance.now() < deadlineMs, `${what}: not within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function udp(t: TestContext): Promise<{ port: number; send(text: string, to?: number): Promise<void> }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  const { port } = socket.address();
  const send = (text: string, to = port) =>
    new Promise<void>((resolve, reject) =>
      socket.send(text, to, '127.0.0.1', (error) => (error ? reject(error) : resolve())),
    );
  return { port, send };
}

test('the native part was built by the set-up', () => {
  assert.ok(existsSync(addonPath), `${addonPath} is missing: install gcc and run npm start once`);
  loadAddon();
});

test('filters are compiled, and a wrong one is explained', () => {
  assert.equal(compileFilter('tcp port 80', 1, 262144).length % 8, 0);
  assert.notDeepEqual(compileFilter('tcp port 80', 1, 262144), compileFilter('tcp port 80', 101, 262144));
  assert.throws(
    () => compileFilter('tcp prot 80', 1, 1000),
    /"tcp prot 80" is no filter that tcpdump would take: .*syntax error/,
  );
});

test('without permission the error names what was refused', () => {
  const program = `
    import { openPacketRing } from ${JSON.stringify(new URL('./ring.ts', import.meta.url).href)};
    if (process.getuid() === 0) process.setuid(65534);
    try { openPacketRing(${JSON.stringify(options())}, () => {}); console.log('opened'); }
    catch (error) { console.log(error.code, error.message); }`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.match(stdout, /^EPERM socket\(AF_PACKET\): Operation not permitted/);
});

test('lists the interfaces of this namespace', () => {
  assert.deepEqual(listInterfaces(/^lo$/, undefined), [{ name: 'lo', index: 1 }]);
  assert.equal(listNamespaces(undefined).length, 1);
});

if (root) {
  test('each packet of loopback is seen once, with its bytes and its time', async (t) => {
    const { port, send } = await udp(t);
    const seen = watch(t, { filter: `udp port ${port}` });
    for (let i = 0; i < 200; i++) await send(`number ${i}`);
    await until('200 packets', () => seen.packets.length >= 200);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(
      seen.packets.map((packet) => packet.toString('latin1', 42)),
      Array.from({ length: 200 }, (_, i) => `number ${i}`),
    );
    const nowNs = (Date.now() - epochSeconds * 1000) * 1e6;
    assert.ok(seen.times.every((timeNs, i) => timeNs >= (seen.times[i - 1] ?? 0) && Math.abs(nowNs - timeNs) < 30e9));
    assert.deepEqual(seen.ring.statistics(), { packets: 200, drops: 0, freezes: 0 });
  });

  test('what the filter leaves out never arrives, long packets are cut', async (t) => {
    const { port, send } = await udp(t);
    const seen = watch(t, { filter: `udp dst port ${port}`, snapLength: 50 });
    await send('left out', 9);
    await send('x'.repeat(1000));
    await until('one packet', () => seen.packets.length >= 1);
    assert.deepEqual([seen.packets.length, seen.packets[0]!.length, seen.lengths[0]], [1, 50, 1042]);
  });

  test('a full ring counts what it drops', async (t) => {
    const { port, send } = await udp(t);
    const ring = openPacketRing(options({ filter: `udp port ${port}`, blockSize: 4096, blocks: 2 }), () => {});
    t.after(() => ring.close());
    for (let i = 0; i < 100; i++) await send('x'.repeat(1000));
    await until('drops', () => ring.statistics().drops > 50);
  });

  test('rings of one fanout group share the packets, each flow in one', async (t) => {
    const { port, send } = await udp(t);
    const fanoutGroup = process.pid & 0xffff;
    const seen = [0, 1].map(() => watch(t, { filter: `udp dst port ${port}`, fanoutGroup }));
    for (let i = 0; i < 20; i++) {
      const other = await udp(t);
      await Promise.all(['a', 'b', 'c'].map((text) => other.send(text, port)));
    }
    await send('own');
    const total = () => seen[0]!.packets.length + seen[1]!.packets.length;
    await until('61 packets', () => total() >= 61);
    assert.equal(total(), 61);
    const ports = seen.map(({ packets }) => new Set(packets.map((packet) => packet.readUInt16BE(34))));
    assert.deepEqual(
      [...ports[0]!].filter((one) => ports[1]!.has(one)),
      [],
    );
  });

  test('after close the ring gives nothing, and the memory is gone', async (t) => {
    const { port, send } = await udp(t);
    const { ring, packets } = watch(t, { filter: `udp port ${port}` });
    ring.close();
    await send('late');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(packets.length, 0);
    assert.equal(ring.next({ bytes: new Uint8Array(0), start: 0, capturedLength: 0, wireLength: 0, timeNs: 0 }), false);
  });

  test('a ring in another network namespace, which is found by its name; the own thread stays where it is', async (t) => {
    const name = `ring-${process.pid}`;
    const ip = (...words: string[]) => execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    ip('netns', 'add', name);
    t.after(() => ip('netns', 'del', name));
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right');
    const before = listInterfaces(/./, undefined);
    const found = listNamespaces(new RegExp(`^${name}$`));
    assert.deepEqual(
      found.map((one) => one.name),
      ['', name],
    );
    const namespace = found[1]!.path;
    const names = listInterfaces(/^(left|right)$/, namespace).map((one) => one.name);
    assert.deepEqual(names.sort(), ['left', 'right']);

    const { send } = await udp(t);
    const seen = watch(t, { namespace, filter: 'udp port 7777' });
    await send('outside', 7777);
    const program =
      "const s = process.getBuiltinModule('node:dgram').createSocket('udp4'); s.send('inside', 7777, '127.0.0.1', () => s.close());";
    execFileSync('ip', ['netns', 'exec', name, process.execPath, '-e', program]);
    await until('the packet', () => seen.packets.length >= 1);
    assert.deepEqual(
      seen.packets.map((packet) => packet.toString('latin1', 42)),
      ['inside'],
    );
    assert.deepEqual(listInterfaces(/./, undefined), before);
  });
}

test('a VLAN tag that the kernel keeps beside the packet is put back', () => {
  const pages = new ArrayBuffer(1 << 13);
  const words = new Uint32Array(pages);
  const bytes = new Uint8Array(pages);
  // The second block: ready, one packet, 48 bytes in.
  const block = 1024;
  words.set([1, 0, 1, 1, 48], block);
  words.set([0, epochSeconds + 2, 5, 18, 18, (1 << 4) | (1 << 6), 82 | (96 << 16), 0, 0x3007, 0x88a8], block + 12);
  const frame = block * 4 + 48 + 82;
  bytes.set([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x08, 0x00, 0x45, 0, 0, 0], frame);
  // The first block: ready, nothing in it.
  words.set([1, 0, 1, 0, 48], 0);
  const opened = { handle: {} as RingHandle, pages, index: 1, link: 1 };
  const ring = new PacketRing(options({ blockSize: 4096, blocks: 2 }), opened, 1);
  const packet = { bytes: new Uint8Array(0), start: 0, capturedLength: 0, wireLength: 0, timeNs: 0 };
  assert.ok(ring.next(packet));
  assert.deepEqual(
    [packet.start, packet.capturedLength, packet.wireLength, packet.timeNs],
    [frame - 4, 22, 22, 2_000_000_005],
  );
  const whole = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x88, 0xa8, 0x30, 0x07, 0x08, 0x00, 0x45, 0, 0, 0];
  assert.deepEqual([...packet.bytes.subarray(packet.start, packet.start + 22)], whole);
  assert.ok(!ring.next(packet));
  assert.deepEqual([words[2], words[block + 2]], [0, 0], 'both blocks are the kernel’s again');
});
