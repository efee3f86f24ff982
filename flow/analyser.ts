/** The analyser: packets in; calls as spans and flows as log records out, as finished OTLP messages. */
import { type CallAnalysisOptions, createCallAnalysis } from './call-analysis.ts';
import type { CallWriter } from './calls/call-writer.ts';
import { FlowTable } from './l4/flow-table.ts';
import { defaultFlowOptions, type FlowTableOptions } from './l4/options.ts';
import type { Analysis } from './l7/analysis.ts';
import { Connection } from './l7/connection.ts';
import { hostResource } from './otlp/resource.ts';
import type { Packet } from './packet/packet.ts';
import { tunnelName } from './packet/tunnels.ts';

export interface AnalyserOptions extends CallAnalysisOptions {
  /** Where packets come from, and what differs from the defaults of a flow table. */
  flows?: Partial<FlowTableOptions>;
}

/** Finished Export*ServiceRequest messages. */
export interface Drained {
  traces: Uint8Array[];
  logs: Uint8Array[];
}

export interface Analyser {
  /** One decoded packet. Nothing of it is kept: its bytes may be overwritten after the call. */
  packet(packet: Packet): void;
  /** Time goes on: timeouts, periodic records. Call it about once a second, with the time of the capture. */
  tick(nowNs: number): void;
  /** Bytes that wait to be drained. */
  readonly pendingBytes: number;
  /** What was finished since the last time. */
  drain(): Drained;
  /** Ends all flows and calls, as at the end of a capture. `onFull` is called when so much waits that it has to be drained. */
  close(onFull?: () => void): void;
  readonly flows: FlowTable;
  readonly analysis: Analysis;
  readonly calls: CallWriter;
}

/** One analyser is one thread's: it shares nothing with another. */
export function createAnalyser(options: AnalyserOptions): Analyser {
  const { clock, version, hostName } = options;
  const { analysis, calls } = createCallAnalysis(options);
  const flows = new FlowTable({
    ...defaultFlowOptions,
    clock,
    connect: (identity) => new Connection(identity, analysis),
    tunnelName,
    resource: () => hostResource(hostName),
    scopeVersion: version,
    registeredPorts: registeredPorts(analysis),
    ...options.flows,
  });
  return {
    flows,
    analysis,
    calls,
    packet: (packet) => flows.packet(packet),
    tick(nowNs) {
      analysis.tick(nowNs);
      flows.tick(nowNs);
    },
    get pendingBytes() {
      return calls.pendingBytes + flows.pendingBytes;
    },
    drain() {
      const traces = calls.take();
      const logs = flows.drain();
      return { traces: traces === null ? [] : [traces], logs: logs === null ? [] : [logs] };
    },
    close: (onFull) => flows.close(onFull),
  };
}

/** TCP ports of all protocols that are looked for, those of the configuration included. */
function registeredPorts({ protocols, options }: Analysis): Set<number> {
  const overTcp = protocols.filter(({ transports }) => transports.includes('tcp'));
  return new Set(overTcp.flatMap(({ name, ports }) => [...ports, ...(options.ports[name] ?? [])]));
}
