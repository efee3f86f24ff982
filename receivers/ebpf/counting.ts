/** Brings together what the kernel side, the sockets and the parsers counted. */
import type { SocketsProgram } from '../../bpf/programs/sockets/sockets.ts';
import type { Analysis } from '../../flow/l7/analysis.ts';
import type { FileRecords } from './files/records.ts';
import type { CounterName } from './messages.ts';
import type { ProcessRecords } from './processes/records.ts';
import type { SocketTable } from './socket-table.ts';
import type { TcpSide } from './tcp/start.ts';

export interface CountingSources {
  program: SocketsProgram;
  table: SocketTable;
  analysis: Analysis;
  tcp: TcpSide | undefined;
  files: FileRecords;
  processes: ProcessRecords;
}

export function createCounting(
  counts: Record<CounterName, number>,
  { program, table, analysis, tcp, files, processes }: CountingSources,
) {
  return {
    /** Sets the sums that others keep. */
    update(): void {
      const kernel = program.counters();
      counts.lost_events = kernel.ringFull + (tcp?.lost() ?? 0);
      counts.faults = kernel.fault;
      counts.io_uring_requests = kernel.ioUring;
      counts.unknown_sockets = kernel.tlsNoSocket + kernel.streamNoSocket + table.counters.unknownClear;
      counts.reordered_events = table.counters.reordered;
      counts.unordered_events = table.counters.unordered;
      counts.evicted_connections = table.counters.evicted + (tcp?.records.counters.evicted ?? 0);
      counts.dropped_records =
        (tcp?.records.counters.dropped ?? 0) + files.counters.dropped + processes.counters.dropped;
      counts.gap_bytes = analysis.counters.gapBytes;
      counts.unrecognised_connections = analysis.counters.unrecognised;
      counts.parser_failures = analysis.counters.failed;
    },
  };
}
