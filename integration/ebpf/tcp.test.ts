/**
 * TCP connections as the kernel's counters tell them, beside `ss -ti`, beside packets of a network that delays and loses, and beside
 * what was done to them on purpose. Both ends are on this host, so each connection gives a record at either end.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readTcpEvent, type TcpCounters } from '../../receivers/ebpf/tcp/tcp-event.ts';
import type { LogRecord } from '../../receivers/ebpf/testing/tcp-events.ts';
import { type BadNetwork, captureTraffic, whatIsMissing } from '../tcp-metrics/network.ts';
import { readSegments, type Segment } from '../tcp-metrics/tshark.ts';
import { type TcpWatch, watchTcp } from './tcp-watch.ts';

const serverPort = 20080;
const missing = whatIsMissing(['ip', 'ss', 'python3', 'tcpdump', 'tshark']);
const skip = { skip: missing || false };

let shared: TcpWatch | undefined;
const watch = () => (shared ??= watchTcp());
after(() => shared?.close());

test('counters of an open connection are those of ss', { ...skip, timeout: 30_000 }, async () => {
  const tcp = watch();
  const { client, port, close } = await talkingPair();
  try {
    // Until the last delayed acknowledgement is over.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const told = countersOf(tcp, [client.localPort!, port]);
    const counted = readSs(port);
    assert.deepEqual([...told.keys()].sort(), [client.localPort!, port].sort(), 'both ends');
    for (const [localPort, counters] of told) {
      const ss = counted.get(localPort)!;
      assert.ok(ss, `ss knows port ${localPort}`);
      const { bytesSent, bytesReceived, segmentsOut, segmentsIn, congestionWindow, segmentBytes } = counters;
      assert.deepEqual(
        { bytesSent, bytesReceived, segmentsOut, segmentsIn, congestionWindow, segmentBytes },
        {
          bytesSent: ss.bytes_sent ?? 0,
          bytesReceived: ss.bytes_received ?? 0,
          segmentsOut: ss.segs_out,
          segmentsIn: ss.segs_in,
          congestionWindow: ss.cwnd,
          segmentBytes: ss.mss,
        },
      );
      // ss prints milliseconds with three digits.
      assert.equal(counters.srttUs, Math.round(ss.rtt! * 1000), 'smoothed round trip');
      assert.equal(counters.rttVarianceUs, Math.round(ss.rtt_variance! * 1000), 'variance of it');
      assert.equal(counters.minRttUs, Math.round(ss.minrtt! * 1000), 'shortest round trip');
    }
  } finally {
    close();
  }
});

test('both ends of a connection tell the same bytes, the process, and how it ended', {
  ...skip,
  timeout: 30_000,
}, async () => {
  const tcp = watch();
  const { client, port, close } = await talkingPair();
  const clientPort = client.localPort!;
  close();
  const atClient = await tcp.find(isEnd([clientPort, port], 'c-p'));
  const atServer = await tcp.find(isEnd([clientPort, port], 's-p'));
  for (const { attributes, resource } of [atClient, atServer]) {
    assert.equal(attributes['server.port'], port);
    assert.equal(attributes['deepflow.flow.client.payload_bytes'], 100_000);
    assert.equal(attributes['deepflow.flow.server.payload_bytes'], 7);
    assert.equal(attributes['deepflow.flow.close_type'], 'finished');
    assert.equal(attributes['deepflow.flow.is_new'], true);
    assert.equal(attributes['service.peer.name'], `pid ${process.pid}`);
    assert.equal(resource['process.pid'], process.pid);
  }
  for (const key of ['deepflow.flow.syn.sequence', 'deepflow.flow.syn_ack.sequence']) {
    assert.equal(atClient.attributes[key], atServer.attributes[key], key);
  }
});

test('a refused connection says who refused it and what the process was told', {
  ...skip,
  timeout: 30_000,
}, async () => {
  const tcp = watch();
  const port = await freePort();
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'error');
  const { attributes } = await tcp.find((found) => found['server.port'] === port);
  assert.equal(attributes['deepflow.flow.close_type'], 'server_reset');
  assert.equal(attributes['deepflow.flow.failure'], 'server_establish');
  assert.equal(attributes['deepflow.flow.reset.by'], 'server');
  assert.equal(attributes['deepflow.flow.tcp.error'], 'ECONNREFUSED');
});

test('a server that closes with unread data resets, and the kernel says why', {
  ...skip,
  timeout: 30_000,
}, async () => {
  const tcp = watch();
  const found = await runPython(`
import socket, time
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
print(client.getsockname()[1], server.getsockname()[1], flush=True)
accepted, _ = server.accept()
client.sendall(b'nobody reads this')
time.sleep(0.1)
accepted.close()
time.sleep(0.1)
`);
  const ports = found.split(' ').map(Number) as [number, number];
  const atServer = (await tcp.find(isEnd(ports, 's-p'))).attributes;
  const atClient = (await tcp.find(isEnd(ports, 'c-p'))).attributes;
  assert.equal(atServer['deepflow.flow.reset.by'], 'server');
  assert.equal(atServer['deepflow.flow.reset.reason'], 'tcp_abort_on_close');
  assert.equal(atServer['deepflow.flow.close_type'], 'server_reset_transfer');
  assert.equal(atClient['deepflow.flow.reset.by'], 'server');
  assert.equal(atClient['deepflow.flow.reset.reason'], undefined);
  assert.equal(atClient['deepflow.flow.tcp.error'], 'ECONNRESET');
});

test('packets that this host drops are counted by the kernel’s reason', { ...skip, timeout: 30_000 }, async () => {
  const tcp = watch();
  // A filter on the socket drops all that comes, so that every segment but the last is dropped and sent again.
  const found = await runPython(`
import ctypes, socket, struct, time
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
accepted, _ = server.accept()
program = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))
accepted.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack('HL', 1, ctypes.addressof(program)))
client.sendall(b'hello')
time.sleep(1)
accepted.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
accepted.recv(5)
print(client.getsockname()[1], server.getsockname()[1], flush=True)
client.close()
accepted.recv(1)
accepted.close()
time.sleep(0.1)
`);
  const ports = found.split(' ').map(Number) as [number, number];
  const atServer = (await tcp.find(isEnd(ports, 's-p'))).attributes;
  const atClient = (await tcp.find(isEnd(ports, 'c-p'))).attributes;
  const repeats = Number(atClient['deepflow.flow.client.retransmissions']);
  assert.ok(repeats >= 2, `${repeats} segments were sent again`);
  assert.deepEqual(atServer['deepflow.flow.drop.reasons'], ['socket_filter']);
  assert.deepEqual(atServer['deepflow.flow.drop.counts'], [repeats]);
  assert.equal(atServer['deepflow.flow.drops'], repeats);
  assert.equal(atClient['deepflow.flow.client.payload_bytes'], 5 * (1 + repeats));
  assert.equal(atServer['deepflow.flow.client.payload_bytes'], 5);
  assert.equal(atClient['deepflow.flow.tcp.retransmitted_bytes'], 5 * repeats);
});

test('a connection that was open before is found, with its owner', { ...skip, timeout: 30_000 }, async () => {
  const { client, port, close } = await talkingPair();
  const late = watchTcp();
  try {
    const owners = new Map<number, number>();
    late.open((event) => owners.set(event.localPort, event.pid));
    assert.equal(owners.get(client.localPort!), process.pid);
    const clientPort = client.localPort!;
    client.write('more');
    await new Promise((resolve) => setTimeout(resolve, 100));
    close();
    // Which end is the client's was not seen: the port that nobody listens on is one that was guessed here.
    const record = await late.find((found) =>
      [found['server.port'], found['client.port']].every((one) => one === clientPort || one === port),
    );
    assert.equal(record.attributes['deepflow.flow.is_new'], false);
    assert.equal(record.resource['process.pid'], process.pid);
  } finally {
    late.close();
    close();
  }
});

const networks: [name: string, network: BadNetwork][] = [
  ['10 ms', { delayMs: 10, loss: 0, seed: 1, at: 'client' }],
  ['5 ms and 4 % loss, packets of the client', { delayMs: 5, loss: 0.04, seed: 2, at: 'client' }],
  ['5 ms and 4 % loss, packets of the server', { delayMs: 5, loss: 0.04, seed: 3, at: 'server' }],
];

for (const [name, network] of networks) {
  test(`agrees with packets on a network of ${name}`, { ...skip, timeout: 120_000 }, async () => {
    const tcp = watch();
    const directory = await mkdtemp(join(tmpdir(), 'ebpf-tcp-'));
    try {
      const file = join(directory, 'traffic.pcap');
      const before = tcp.records().length;
      await captureTraffic(network, file);
      const segments = readSegments(file, serverPort);
      const records = tcp
        .records()
        .slice(before)
        .filter(({ attributes }) => attributes['server.port'] === serverPort);
      const point = network.at === 'client' ? 'c-p' : 's-p';
      const [firstPort] = segments.keys();
      for (const [port, ofFlow] of segments) {
        const record = records.find(({ attributes }) => isEnd([port, serverPort], point)(attributes));
        assert.ok(record, `port ${port} has a record at ${point}`);
        compare(`port ${port}`, record, ofFlow, network);
        if (point === 'c-p') checkConnect(`port ${port}`, record.attributes, ofFlow, port === firstPort);
      }
      assert.ok(segments.size >= 7);
      assert.equal(tcp.lost(), 0);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

/** The record of one end beside the packets at that end: what it sent is all there, what it got is what came through. */
function compare(where: string, { attributes }: LogRecord, segments: readonly Segment[], network: BadNetwork): void {
  const count = (key: string) => Number(attributes[`deepflow.flow.${key}`] ?? 0);
  const other = network.at === 'client' ? 'server' : 'client';
  const sent = segments.filter(({ fromServer }) => fromServer === (network.at === 'server'));
  const came = segments.filter(({ fromServer }) => fromServer !== (network.at === 'server'));
  const payload = sent.reduce((sum, { length }) => sum + length, 0);
  assert.equal(count(`${network.at}.payload_bytes`), payload, `${where}: payload sent`);
  assert.equal(count(`${network.at}.retransmissions`), repeatsOf(sent), `${where}: retransmissions`);
  const isReset = attributes['deepflow.flow.reset.by'] !== undefined;
  if (!isReset) assert.equal(count(`${other}.payload_bytes`), distinctBytes(came), `${where}: payload that came`);
  // After its end a connection still answers late packets, which nobody counts any more.
  for (const [side, packets] of [
    [network.at, sent.length],
    [other, came.length],
  ] as const) {
    const uncounted = packets - count(`${side}.packets`);
    assert.ok(
      uncounted >= 0 && uncounted <= 4,
      `${where}: ${uncounted} of ${packets} packets of the ${side} not counted`,
    );
  }
  const roundTripMs = 2 * network.delayMs;
  const shortestMs = count('tcp.min_rtt') / 1e6;
  const smoothedMs = count('tcp.smoothed_rtt') / 1e6;
  assert.ok(shortestMs >= roundTripMs, `${where}: shortest round trip ${shortestMs} ms`);
  assert.ok(smoothedMs >= shortestMs, `${where}: round trip ${smoothedMs} ms`);
  // A handshake that needed repeats may be all that a short connection has measured.
  if (segments.filter(({ syn }) => syn).length > 2) return;
  assert.ok(shortestMs < roundTripMs + 30, `${where}: shortest round trip ${shortestMs} ms`);
}

/** The first connection also waits for the server's link address to be found, before its SYN leaves. */
function checkConnect(
  where: string,
  attributes: LogRecord['attributes'],
  segments: readonly Segment[],
  isFirst: boolean,
): void {
  const connectMs = Number(attributes['deepflow.flow.tcp.connect_duration']) / 1e6;
  const first = segments.find(({ syn, fromServer }) => syn && !fromServer)!;
  const opened = segments.find(({ syn, fromServer }) => syn && fromServer)!;
  const seenMs = (opened.seconds - first.seconds) * 1000;
  const differs = connectMs - seenMs;
  assert.ok(
    differs > -1 && (isFirst || differs < 2),
    `${where}: connected after ${connectMs} ms, packets: ${seenMs} ms`,
  );
  assert.equal(attributes['deepflow.flow.rtt.sum'], attributes['deepflow.flow.tcp.connect_duration']);
}

/** Segments whose first byte (or SYN, or FIN) had been sent before. */
function repeatsOf(sent: readonly Segment[]): number {
  const seen = new Set<number>();
  const first = sent.find(({ syn }) => syn)!.seq;
  let repeats = 0;
  for (const { seq, length, syn, fin, rst, keepAlive } of sent) {
    if (rst || (length === 0 && !syn && !fin) || keepAlive) continue;
    const from = (seq - first) >>> 0;
    if (seen.has(from)) repeats++;
    for (let byte = from; byte < from + Math.max(1, length); byte++) seen.add(byte);
  }
  return repeats;
}

function distinctBytes(segments: readonly Segment[]): number {
  const seen = new Set<number>();
  for (const { seq, length } of segments) for (let byte = 0; byte < length; byte++) seen.add((seq + byte) >>> 0);
  return seen.size;
}

/** Other programs of this host have connections too, some from the same port to another. */
function isEnd([clientPort, portOfServer]: readonly [number, number], point: string) {
  return (attributes: LogRecord['attributes']) =>
    attributes['client.port'] === clientPort &&
    attributes['server.port'] === portOfServer &&
    attributes['deepflow.observation_point'] === point;
}

/** A connection on loopback that has carried 100,000 bytes one way and 7 the other. */
async function talkingPair() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepting = once(server, 'connection') as Promise<[Socket]>;
  const client = connect(port, '127.0.0.1');
  const [accepted] = await accepting;
  let received = 0;
  const all = new Promise<void>((resolve) => {
    accepted.on('data', (chunk) => {
      received += chunk.length;
      if (received === 100_000) resolve();
    });
  });
  client.write(Buffer.alloc(100_000));
  await all;
  accepted.write('welcome');
  await once(client, 'data');
  return {
    client,
    port,
    close() {
      client.end();
      accepted.end();
      server.close();
    },
  };
}

/** By local port, the counters of the two ends of a connection. */
function countersOf(tcp: TcpWatch, ports: readonly [number, number]): Map<number, TcpCounters> {
  const found = new Map<number, TcpCounters>();
  tcp.open((event) => {
    if (!ports.includes(event.localPort) || !ports.includes(event.remotePort)) return;
    found.set(event.localPort, readTcpEvent(event.bytes, event.payloadAt, event.captured)!);
  });
  return found;
}

/** What ss says of the ends of connections to a port, by local port: `rtt:0.05/0.02`, `cwnd:10`, `bytes_sent:100000` … */
function readSs(port: number): Map<number, Record<string, number>> {
  const text = execFileSync('ss', ['-tinOH', `( sport = :${port} or dport = :${port} )`], { encoding: 'utf8' });
  const found = new Map<number, Record<string, number>>();
  for (const line of text.trim().split('\n')) {
    const local = /^\S+\s+\d+\s+\d+\s+\S+:(\d+)\s/.exec(line);
    if (local === null) continue;
    const values: Record<string, number> = {};
    for (const [, name, value] of line.matchAll(/\b([a-z_]+):([\d.]+)/g)) values[name!] ??= Number(value);
    values.rtt_variance = Number(/\brtt:[\d.]+\/([\d.]+)/.exec(line)?.[1]);
    found.set(Number(local[1]), values);
  }
  return found;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What a Python program prints. */
async function runPython(source: string): Promise<string> {
  const child = spawn('python3', ['-c', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0, 'the Python program ended well');
  return text.trim();
}
