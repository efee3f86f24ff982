/** Brings the kernel's counters of TCP connections and their records together; without the kernel side, connections are not told. */
import type { BpfMap } from 'libbpfjs';
import { whyNot } from '../../../bpf/features/why-not.ts';
import { event, tcpEvent } from '../../../bpf/programs/event.gen.ts';
import { EventReader } from '../../../bpf/programs/event.ts';
import { openTcp, type TcpProgram, tcpPrograms } from '../../../bpf/programs/tcp/tcp.ts';
import type { FromThread } from '../../../component/capture/messages.ts';
import type { SocketEvent } from '../socket-event.ts';
import { readKernelNames } from './kernel-names.ts';
import { TcpRecords, type TcpRecordsOptions } from './records.ts';

export interface TcpSide {
  readonly records: TcpRecords;
  /** Records of the kernel that found no room. */
  lost(): number;
  close(): void;
}

type Given = Omit<TcpRecordsOptions, 'names' | 'readOpen'>;

export function tryStartTcp(events: BpfMap, given: Given, post: (message: FromThread) => void): TcpSide | undefined {
  let program: TcpProgram;
  try {
    program = openTcp({ events, maxConnections: given.maxConnections });
  } catch (error) {
    const fields = { error: whyNot('tcp', error as Error) };
    post({ type: 'log', level: 'error', message: 'TCP connections are not told', fields });
    return undefined;
  }
  for (const name of program.missing) {
    // One of the two that tell of drops is always left out.
    if (name === 'dropped') continue;
    const fields = { not_told: tcpPrograms[name] };
    post({ type: 'log', level: 'warn', message: 'Something of TCP connections is not told by this kernel', fields });
  }
  const records = new TcpRecords({ ...given, names: readKernelNames(), readOpen: (take) => readOpen(program, take) });
  return {
    records,
    lost: () => program.lost(),
    close: () => program.close(),
  };
}

function readOpen(program: TcpProgram, take: (event: SocketEvent) => void): boolean {
  const bytes = program.openConnections();
  if (bytes === undefined) return false;
  const reader = new EventReader(bytes);
  const size = event.size + tcpEvent.size;
  for (let at = 0; at + size <= bytes.length; at += size) {
    reader.at(at);
    take(reader);
  }
  return true;
}
