/** Conversations to spoil: the payload streams of all captures at hand, by the protocol that the collector finds in them, and live ones. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowIdentity, Transport } from '../../flow/identity.ts';
import type { StreamConsumer } from '../../flow/l4/consumer.ts';
import { FlowTable } from '../../flow/l4/flow-table.ts';
import { defaultFlowOptions } from '../../flow/l4/options.ts';
import { Analysis } from '../../flow/l7/analysis.ts';
import { Connection } from '../../flow/l7/connection.ts';
import type { Side } from '../../flow/l7/message.ts';
import { protocols } from '../../flow/l7/protocols.ts';
import { plainOptions } from '../../flow/l7/testing/plain-options.ts';
import { testIdentity } from '../../flow/l7/testing/stream.ts';
import { hostResource } from '../../flow/otlp/resource.ts';
import { firstPacketClock, openCaptureFile } from '../../flow/packet/capture-file.ts';
import { PacketDecoder } from '../../flow/packet/decode.ts';
import { Packet } from '../../flow/packet/packet.ts';
import { tunnelName } from '../../flow/packet/tunnels.ts';
import { exchanges } from './exchanges.ts';

/** What one side sent in one segment or datagram; with `lost`, so many bytes that nobody saw instead. */
export interface Piece {
  readonly side: Side;
  readonly bytes: Buffer;
  readonly lost: number;
}

export interface Conversation {
  readonly protocol: string;
  readonly transport: Transport;
  readonly serverPort: number;
  readonly pieces: readonly Piece[];
}

const root = join(import.meta.dirname, '..', '..');
const folders = [
  join(root, 'flow'),
  join(root, '.cache', 'bench', 'packets'),
  join(root, '..', 'shared', 'conformance'),
];
/** Captures of benchmarks repeat themselves: so many packets of each, so many bytes of each flow, so many flows. */
const perCapture = 5000;
const perFlowBytes = 64 * 1024;
const perCaptureFlows = 40;

/** By name of protocol; those of which no capture is at hand are missing. */
export async function parserSeeds(): Promise<Map<string, Conversation[]>> {
  const found = new Map<string, Conversation[]>();
  for (const folder of folders.filter((path) => existsSync(path))) {
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!/\.pcap(ng)?$/.test(path)) continue;
      for (const flow of await readFlows(join(folder, path))) add(found, flow);
    }
  }
  for (const pieces of await exchanges()) add(found, { transport: 'tcp', serverPort: 20_000, pieces });
  return found;
}

function add(found: Map<string, Conversation[]>, flow: Omit<Conversation, 'protocol'>): void {
  const protocol = recognise(flow);
  if (protocol === null) return;
  const conversations = found.get(protocol) ?? [];
  found.set(protocol, conversations);
  conversations.push({ ...flow, protocol });
}

/** Keeps what both sides of a flow sent. */
class Recorder implements StreamConsumer {
  readonly identity: FlowIdentity;
  readonly pieces: Piece[] = [];
  #bytes = 0;

  constructor(identity: FlowIdentity) {
    this.identity = identity;
  }

  data(side: Side, bytes: Uint8Array, start: number, end: number): boolean {
    this.pieces.push({ side, bytes: Buffer.from(bytes.subarray(start, end)), lost: 0 });
    this.#bytes += end - start;
    return this.#bytes < perFlowBytes;
  }

  gap(side: Side, length: number): void {
    this.pieces.push({ side, bytes: Buffer.alloc(0), lost: length });
  }

  finish(): void {}

  close(): void {}
}

async function readFlows(path: string): Promise<Omit<Conversation, 'protocol'>[]> {
  const recorders: Recorder[] = [];
  const clock = await firstPacketClock(path);
  const table = new FlowTable({
    ...defaultFlowOptions,
    clock,
    connect(identity) {
      if (recorders.length >= perCaptureFlows) return null;
      const recorder = new Recorder(identity);
      recorders.push(recorder);
      return recorder;
    },
    tunnelName,
    resource: () => hostResource('fuzz'),
    scopeVersion: 'fuzz',
  });
  const capture = await openCaptureFile(path, { clock });
  const decoder = new PacketDecoder();
  const packet = new Packet();
  let count = 0;
  while (count < perCapture && (await capture.fill())) {
    while (count < perCapture && capture.next(packet)) {
      count++;
      if (decoder.decode(packet, capture.linkType)) table.packet(packet);
    }
  }
  table.close();
  await capture.close();
  return recorders.map(({ identity, pieces }) => ({
    transport: identity.transport,
    serverPort: identity.serverPort,
    pieces,
  }));
}

/** Which protocol the collector finds in it; null when none. */
export function recognise({ transport, serverPort, pieces }: Omit<Conversation, 'protocol'>): string | null {
  const connection = new Connection(
    testIdentity(transport, serverPort),
    new Analysis(protocols, plainOptions, () => {}),
  );
  for (const { side, bytes, lost } of pieces) {
    if (lost > 0) connection.gap(side, lost, 0);
    else if (!connection.data(side, bytes, 0, bytes.length, 0, 0, 0)) break;
  }
  const name = connection.protocol?.name ?? null;
  connection.close(0);
  return name;
}
