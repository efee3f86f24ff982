/**
 * What the flow table costs: nanoseconds for each packet of bulk TCP, read from a file, and memory of a million open flows.
 *
 * `node integration/bench/packets/flows.ts` makes the file (64 connections in turn, segments of 1448 bytes, an ACK for every second of
 * them), measures each case in a process of its own and prints the figures.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connect } from '../../../flow/l4/consumer.ts';
import { FlowTable } from '../../../flow/l4/flow-table.ts';
import { defaultFlowOptions } from '../../../flow/l4/options.ts';
import { openCaptureFile } from '../../../flow/packet/capture-file.ts';
import { PacketDecoder } from '../../../flow/packet/decode.ts';
import { Packet } from '../../../flow/packet/packet.ts';
import { writeBulkCapture } from './bulk-file.ts';

const million = 1 << 20;
const rounds = 8;

const [what, file] = process.argv.slice(2);
if (what === undefined) await all();
else if (what === 'memory') memory();
else await bulk(file!, what === 'read' ? takesAll : null);

async function all(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-flows-'));
  try {
    const path = join(directory, 'bulk.pcap');
    await writeFile(path, writeBulkCapture(100_000));
    for (const run of [['unread', path], ['read', path], ['memory']]) {
      execFileSync(process.execPath, [import.meta.filename, ...run], { stdio: 'inherit' });
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Somebody who looks at nothing and never has enough. */
function takesAll(): ReturnType<Connect> {
  return { data: () => true, gap: () => {}, finish: () => {}, close: () => {} };
}

/** Reads the file several times; the first time does not count. */
async function bulk(path: string, connect: Connect | null): Promise<void> {
  const packet = new Packet();
  let best = Number.POSITIVE_INFINITY;
  let bytes = 0;
  let packets = 0;
  for (let round = 0; round < rounds; round++) {
    const capture = await openCaptureFile(path);
    const decoder = new PacketDecoder();
    let table: FlowTable | undefined;
    let cpuNs = 0;
    bytes = 0;
    packets = 0;
    while (await capture.fill()) {
      const before = process.cpuUsage();
      while (capture.next(packet)) {
        table ??= createTable(connect);
        packets++;
        bytes += packet.wireLength;
        if (decoder.decode(packet, capture.linkType)) table.packet(packet);
      }
      const used = process.cpuUsage(before);
      cpuNs += 1000 * (used.user + used.system);
    }
    await capture.close();
    best = Math.min(best, cpuNs);
  }
  const name = connect === null ? 'bulk TCP, nobody reads' : 'bulk TCP, reassembled and read';
  console.log(`${name}: ${(best / packets).toFixed(0)} ns a packet (file, decode, flow)`);
  console.log(`rate ${name}: ${((8 * bytes) / best).toFixed(1)} Gbit/s`);
}

function memory(): void {
  const before = process.memoryUsage().rss;
  const table = createTable(null);
  const packet = new Packet();
  packet.bytes = Buffer.alloc(64);
  packet.ipVersion = 4;
  packet.ipProtocol = 6;
  packet.source2 = 0xffff;
  packet.destination2 = 0xffff;
  packet.destination3 = 0xac10_0001;
  packet.destinationPort = 80;
  packet.layer3Length = 40;
  packet.wireLength = 54;
  packet.flags = 2;
  const start = process.cpuUsage();
  for (let flow = 0; flow < million; flow++) {
    packet.source3 = 0x0a00_0000 + (flow >>> 14);
    packet.sourcePort = 10_000 + (flow & 16_383);
    packet.seq = flow;
    packet.timeNs = flow;
    table.packet(packet);
  }
  const { user, system } = process.cpuUsage(start);
  const { rss } = process.memoryUsage();
  console.log(`${table.size} flows: ${mebibytes(rss)} RSS, of which ${mebibytes(rss - before)} are theirs`);
  console.log(`opening one: ${((1000 * (user + system)) / million).toFixed(0)} ns`);
}

function createTable(connect: Connect | null): FlowTable {
  return new FlowTable({
    ...defaultFlowOptions,
    clock: { epochUnixNs: 1_700_000_000n * 1_000_000_000n },
    connect,
    tunnelName: String,
    resource: () => new Uint8Array(0),
    scopeVersion: '1',
  });
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
