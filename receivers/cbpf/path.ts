/** The way of one packet: decoded, checked, kept, analysed; and what became of all of them as numbers. */
import { protocolOptions } from '../../component/schemas/protocols.ts';
import { type Analyser, createAnalyser } from '../../flow/analyser.ts';
import { type CapturePoint, defaultFlowOptions, defaultTimeoutsNs } from '../../flow/l4/options.ts';
import type { FailureHandler } from '../../flow/l7/analysis.ts';
import type { CaptureClock } from '../../flow/packet/clock.ts';
import { PacketDecoder } from '../../flow/packet/decode.ts';
import { Packet } from '../../flow/packet/packet.ts';
import type { PacketKeeper } from '../../flow/pcap/keeper.ts';
import type { Tally } from './counting.ts';
import { DuplicateFilter } from './duplicates.ts';
import type { CounterName, ThreadSetup } from './messages.ts';
import type { OwnConnections } from './own-connections.ts';

/** The analyser hears of time at least so often. */
const tickNs = 100e6;
/** Above this, what was finished is handed on before the next packet. */
const drainBytes = 512 << 10;

export class PacketPath {
  readonly packet = new Packet();
  readonly counts: Record<CounterName, number>;
  /** Interfaces and files, by `Packet.point`; grows. */
  readonly points: CapturePoint[];
  readonly analyser: Analyser;
  /** Whether packets come from the network namespace that this process is in. */
  ownPlace = true;
  readonly #decoder = new PacketDecoder();
  readonly #duplicates: DuplicateFilter | undefined;
  readonly #own: OwnConnections | undefined;
  readonly #keeper: PacketKeeper | undefined;
  #nextTickNs = -Infinity;
  #counted: Partial<Record<CounterName, number>> = {};

  constructor(
    { config, version, hostName }: ThreadSetup,
    clock: CaptureClock,
    points: CapturePoint[],
    tally: Tally,
    own: OwnConnections | undefined,
    keeper: PacketKeeper | undefined,
    onFailure: FailureHandler,
  ) {
    this.points = points;
    this.counts = tally.counts;
    tally.outcomes.push(this.#decoder.outcomes);
    this.#own = own;
    this.#keeper = keeper;
    this.#duplicates = config.deduplicate.window > 0 ? new DuplicateFilter(config.deduplicate.window * 1e6) : undefined;
    this.analyser = createAnalyser({
      onFailure,
      clock,
      version,
      hostName,
      protocols: protocolOptions(config.protocols),
      flows: {
        points: this.points,
        maxFlows: config.flow.max_flows,
        listeningPorts: new Set(config.flow.listening_ports),
        reassemblyBudgetBytes: config.flow.reassembly_memory,
        maxPendingBytes: defaultFlowOptions.maxPendingBytes,
        timeoutsNs: {
          ...defaultTimeoutsNs,
          established: config.flow.tcp_timeout * 1e6,
          udp: config.flow.udp_timeout * 1e6,
        },
      },
    });
  }

  /** Takes the packet whose bytes, lengths, time and point are set. True when enough is finished to be handed on. */
  take(linkType: number): boolean {
    const { packet, counts } = this;
    counts.packets++;
    counts.packet_bytes += packet.wireLength;
    if (packet.timeNs >= this.#nextTickNs) this.tick(packet.timeNs);
    // A packet that is put together from fragments lies elsewhere afterwards.
    const { bytes, start } = packet;
    if (!this.#decoder.decode(packet, linkType)) return false;
    if (this.ownPlace && this.#own?.has(packet)) {
      counts.own_packets++;
      return false;
    }
    if (this.#duplicates?.seen(packet)) {
      counts.duplicate_packets++;
      return false;
    }
    if (this.#keeper?.keep(packet, linkType, bytes, start)) counts.stored_packets++;
    this.analyser.packet(packet);
    return this.analyser.pendingBytes >= drainBytes;
  }

  tick(nowNs: number): void {
    this.#nextTickNs = nowNs + tickNs;
    this.analyser.tick(nowNs);
    this.#count();
  }

  /** Ends all flows; what they leave waits to be drained. */
  close(): void {
    this.analyser.close();
    this.#count();
  }

  /** Adds what the analyser counted since the last time. */
  #count(): void {
    const { flows, analysis } = this.analyser;
    const now: Partial<Record<CounterName, number>> = {
      evicted_flows: flows.counters.evicted,
      dropped_flow_records: flows.records.dropped,
      gap_bytes: analysis.counters.gapBytes,
      unrecognised_connections: analysis.counters.unrecognised,
      parser_failures: analysis.counters.failed,
    };
    for (const [name, value] of Object.entries(now) as [CounterName, number][]) {
      this.counts[name] += value - (this.#counted[name] ?? 0);
    }
    this.#counted = now;
  }
}
