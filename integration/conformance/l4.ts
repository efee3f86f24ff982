/** Reads the flows of a capture with the flow table, in the words of the conformance set's kind `l4`. */
import { FlowTable } from '../../flow/l4/flow-table.ts';
import { defaultFlowOptions, type FlowTableOptions } from '../../flow/l4/options.ts';
import { type FlowRecord, readFlowRecords, sumFlowRecords } from '../../flow/l4/testing/records.ts';
import { type CaptureFile, openCaptureFile } from '../../flow/packet/capture-file.ts';
import { PacketDecoder } from '../../flow/packet/decode.ts';
import { Packet } from '../../flow/packet/packet.ts';
import type { Observation, Observe, ObservedFlow } from './observation.ts';

/** The set gives the state 600 s after the last packet. */
const afterwardsNs = 600e9;

/** One flow for each pair of ends, as the set has it: the records of connections that follow one another are added up. */
export const observeL4: Observe = async (file): Promise<Observation> => {
  const capture = await openCaptureFile(file.pcapPath);
  const pieces = new Map<string, number[]>();
  const options: Omit<FlowTableOptions, 'clock'> = {
    ...defaultFlowOptions,
    connect: (flow) => {
      const sizes: number[] = [];
      pieces.set(`${flow.clientAddress} ${flow.clientPort} ${flow.serverAddress} ${flow.serverPort}`, sizes);
      return {
        data: (_side, _bytes, start, end) => sizes.push(end - start) > 0,
        gap: () => {},
        finish: () => {},
        close: () => {},
      };
    },
    tunnelName: String,
    resource: () => new Uint8Array(0),
    scopeVersion: '1',
  };
  const byEnds = Map.groupBy(readFlowRecords(await replay(capture, options)), endsOf);
  const flows = [...byEnds].map(([ends, records]) => describe(sumFlowRecords(records), pieces.get(ends) ?? []));
  return { flows, messages: [], packets: [] };
};

/** Feeds all packets to a table and gives its records. */
async function replay(capture: CaptureFile, options: Omit<FlowTableOptions, 'clock'>): Promise<Uint8Array | null> {
  const decoder = new PacketDecoder();
  const packet = new Packet();
  let table: FlowTable | undefined;
  let lastNs = 0;
  while (await capture.fill()) {
    while (capture.next(packet)) {
      if (!decoder.decode(packet, capture.linkType)) continue;
      // The file's clock begins with its first packet.
      table ??= new FlowTable({ ...options, clock: capture.clock! });
      table.packet(packet);
      lastNs = Math.max(lastNs, packet.timeNs);
    }
  }
  await capture.close();
  table?.tick(lastNs + afterwardsNs);
  table?.close();
  return table?.drain() ?? null;
}

function describe(record: FlowRecord, pieces: readonly number[]): ObservedFlow {
  const number = (key: string) => Number(record[`deepflow.flow.${key}`] ?? 0);
  const us = (key: string) => Math.round(number(key) / 1000);
  const both = (key: string) => ({ c2s: number(`client.${key}`), s2c: number(`server.${key}`) });
  const delay = (key: string) => ({ count: number(`${key}.count`), sum: us(`${key}.sum`), max: us(`${key}.max`) });
  return {
    client: bracketed(record, 'client'),
    server: bracketed(record, 'server'),
    l4: String(record['network.transport']),
    packets: both('packets'),
    payloadBytes: both('payload_bytes'),
    fin: both('fin'),
    rst: both('rst'),
    syn: number('syn'),
    synAck: number('syn_ack'),
    durationUs: us('duration'),
    // The first SYN, SYN/ACK and ACK: all delays of the handshake count from the first of its kind, so theirs are the smallest.
    handshakeFromCapture: { serverUs: us('rtt_server.min'), clientUs: us('rtt_client.min'), fullUs: us('rtt.min') },
    metrics: {
      rttUs: us('rtt.max'),
      rttServerUs: delay('rtt_server'),
      rttClientUs: delay('rtt_client'),
      srtUs: delay('srt'),
      artUs: delay('art'),
      citUs: delay('cit'),
      retransmissions: both('retransmissions'),
      outOfOrder: both('out_of_order'),
      zeroWindow: both('zero_window'),
      synRetransmissions: number('syn.retransmissions'),
      synAckRetransmissions: number('syn_ack.retransmissions'),
    },
    closeType: String(record['deepflow.flow.close_type']),
    // The set offers each piece joined with the one before.
    reassembly: pieces.slice(1).map((size, index) => ({ payloadBytes: pieces[index]! + size })),
  };
}

function endsOf(record: FlowRecord): string {
  const { 'client.port': clientPort = 0, 'server.port': serverPort = 0 } = record;
  return `${record['client.address']} ${clientPort} ${record['server.address']} ${serverPort}`;
}

function bracketed(record: FlowRecord, side: 'client' | 'server'): string {
  const address = String(record[`${side}.address`]);
  const port = record[`${side}.port`] ?? 0;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
