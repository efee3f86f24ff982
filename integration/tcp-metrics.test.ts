/**
 * TCP metrics of the flow table beside tshark's own analysis (tcp.analysis.*), on live captures of a network that delays and loses.
 *
 * Where the two mean different things:
 * - A segment below the highest seen is a retransmission to tshark, unless it comes so soon that it must have been overtaken (then it
 *   is out of order). To the flow table it is a retransmission when its first byte was captured before, else out of order (it was
 *   lost before the capture point). So the SUM of both must agree; and the split is checked against a plain recount.
 * - tshark counts a repeated FIN without payload; the flow table counts payload, SYN and SYN/ACK.
 * - tshark's initial RTT begins with the last SYN, `rtt` with the first; tshark ends it with data too when the ACK of the handshake
 *   was lost, `rtt` only with that ACK. They are compared where there is one SYN and an ACK.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FlowTable } from '../flow/l4/flow-table.ts';
import { defaultFlowOptions } from '../flow/l4/options.ts';
import { type FlowRecord, readFlowRecords, sumFlowRecords } from '../flow/l4/testing/records.ts';
import { openCaptureFile } from '../flow/packet/capture-file.ts';
import { PacketDecoder } from '../flow/packet/decode.ts';
import { Packet } from '../flow/packet/packet.ts';
import { type BadNetwork, captureTraffic, whatIsMissing } from './tcp-metrics/network.ts';
import { readSegments, type Segment } from './tcp-metrics/tshark.ts';

const serverPort = 20080;
const missing = whatIsMissing(['ip', 'python3', 'tcpdump', 'tshark']);

const networks: [name: string, network: BadNetwork][] = [
  ['no loss', { delayMs: 10, loss: 0, seed: 1, at: 'client' }],
  ['2 % loss, seen at the client', { delayMs: 5, loss: 0.02, seed: 2, at: 'client' }],
  ['2 % loss, seen at the server', { delayMs: 5, loss: 0.02, seed: 3, at: 'server' }],
  ['8 % loss', { delayMs: 2, loss: 0.08, seed: 4, at: 'client' }],
];

for (const [name, network] of networks) {
  test(`agrees with tshark: ${name}`, { skip: missing || false, timeout: 120_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tcp-metrics-'));
    try {
      const file = join(directory, 'traffic.pcap');
      await captureTraffic(network, file);
      const segments = readSegments(file, serverPort);
      const flows = await readFlows(file);
      assert.deepEqual([...flows.keys()].sort(), [...segments.keys()].sort(), 'the same connections');
      assert.ok(segments.size >= 7);
      for (const [port, ofFlow] of segments) compare(`${name}, port ${port}`, flows.get(port)!, ofFlow);
      checkCoverage(network, [...segments.values()].flat());
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

function compare(where: string, flow: FlowRecord, segments: readonly Segment[]): void {
  const count = (key: string) => Number(flow[`deepflow.flow.${key}`] ?? 0);
  for (const side of ['client', 'server'] as const) {
    const sent = segments.filter(({ fromServer }) => fromServer === (side === 'server'));
    const at = `${where}, ${side}`;
    const number = (select: (segment: Segment) => boolean) => sent.filter(select).length;
    const sum = (select: (segment: Segment) => number) => sent.reduce((total, segment) => total + select(segment), 0);
    const counted = ({ length, syn }: Segment) => length > 0 || syn;
    assert.equal(count(`${side}.packets`), sent.length, `${at}: packets`);
    assert.equal(
      count(`${side}.bytes`),
      sum(({ wireBytes }) => wireBytes),
      `${at}: bytes`,
    );
    assert.equal(
      count(`${side}.payload_bytes`),
      sum(({ length }) => length),
      `${at}: payload bytes`,
    );
    assert.equal(
      count(`${side}.zero_window`),
      number(({ zeroWindow }) => zeroWindow),
      `${at}: zero window`,
    );
    assert.equal(
      count(`${side}.retransmissions`) + count(`${side}.out_of_order`),
      number((segment) => counted(segment) && (segment.retransmission || segment.outOfOrder)),
      `${at}: retransmissions and out of order`,
    );
    const recounted = recount(sent);
    assert.equal(count(`${side}.retransmissions`), recounted.repeated, `${at}: first byte seen before`);
    assert.equal(count(`${side}.out_of_order`), recounted.late, `${at}: late`);
    const syns = Math.max(0, number(({ syn }) => syn) - 1);
    assert.equal(
      count(side === 'client' ? 'syn.retransmissions' : 'syn_ack.retransmissions'),
      syns,
      `${at}: SYN again`,
    );
  }
  const initialRtt = segments.find(({ initialRttSeconds }) => !Number.isNaN(initialRttSeconds))?.initialRttSeconds;
  const syns = segments.filter(({ syn, fromServer }) => syn && !fromServer).length;
  if (initialRtt !== undefined && syns === 1 && count('rtt.count') > 0) {
    const difference = Math.abs(count('rtt.min') / 1e9 - initialRtt);
    assert.ok(difference < 2e-6, `${where}: rtt ${count('rtt.min')} ns, tshark ${initialRtt} s`);
  }
}

/** Which bytes of a side were seen, one by one; counted from the SYN, so that a wrap does not matter. */
function recount(sent: readonly Segment[]): { repeated: number; late: number } {
  const seen = new Set<number>();
  const first = sent.find(({ syn }) => syn)?.seq ?? sent[0]!.seq;
  let highest = -1;
  let repeated = 0;
  let late = 0;
  let synSeen = false;
  let finSeen = false;
  for (const { seq, length, syn, fin, rst, keepAlive } of sent) {
    if (syn && synSeen) repeated++;
    synSeen ||= syn;
    const from = (seq - first) >>> 0;
    // A bare ACK or FIN carries the number of the next byte: what is before it was sent. Later ones count the FIN too.
    if (length === 0 && !syn && !rst && !finSeen) highest = Math.max(highest, from);
    finSeen ||= fin;
    if (length === 0 || (keepAlive && length === 1)) continue;
    if (seen.has(from)) repeated++;
    else if (from < highest) late++;
    for (let byte = from; byte < from + length; byte++) seen.add(byte);
    highest = Math.max(highest, from + length);
  }
  return { repeated, late };
}

/** The traffic must have shown what is compared. */
function checkCoverage({ loss, at }: BadNetwork, segments: readonly Segment[]): void {
  const repeats = segments.filter(({ retransmission, length }) => retransmission && length > 0).length;
  assert.ok(
    segments.some(({ zeroWindow }) => zeroWindow),
    'some window was full',
  );
  if (loss > 0) assert.ok(repeats > 5, `${repeats} retransmissions seen at the ${at}`);
}

async function readFlows(file: string): Promise<Map<number, FlowRecord>> {
  const capture = await openCaptureFile(file);
  const decoder = new PacketDecoder();
  const packet = new Packet();
  let table: FlowTable | undefined;
  while (await capture.fill()) {
    while (capture.next(packet)) {
      table ??= new FlowTable({
        ...defaultFlowOptions,
        clock: capture.clock!,
        connect: null,
        tunnelName: String,
        resource: () => new Uint8Array(0),
        scopeVersion: '1',
      });
      if (decoder.decode(packet, capture.linkType)) table.packet(packet);
    }
  }
  await capture.close();
  table!.close();
  const byPort = Map.groupBy(readFlowRecords(table!.drain()), (record) => Number(record['client.port']));
  return new Map([...byPort].map(([port, records]) => [port, sumFlowRecords(records)]));
}
