/** What tshark's own analysis says of the TCP connections of a capture, by the client's port. */
import { execFileSync } from 'node:child_process';

export interface Segment {
  seconds: number;
  fromServer: boolean;
  seq: number;
  length: number;
  syn: boolean;
  fin: boolean;
  rst: boolean;
  wireBytes: number;
  /** Any of retransmission, fast and spurious retransmission. */
  retransmission: boolean;
  outOfOrder: boolean;
  zeroWindow: boolean;
  keepAlive: boolean;
  /** Of the whole connection; NaN when tshark has none. */
  initialRttSeconds: number;
}

const fields = [
  'frame.time_relative',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.seq_raw',
  'tcp.len',
  'tcp.flags.syn',
  'tcp.flags.fin',
  'tcp.flags.reset',
  'frame.len',
  'tcp.analysis.retransmission',
  'tcp.analysis.fast_retransmission',
  'tcp.analysis.spurious_retransmission',
  'tcp.analysis.out_of_order',
  'tcp.analysis.zero_window',
  'tcp.analysis.keep_alive',
  'tcp.analysis.initial_rtt',
];

export function readSegments(file: string, serverPort: number): Map<number, Segment[]> {
  const args = ['-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
  const text = execFileSync('tshark', args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const byPort = new Map<number, Segment[]>();
  for (const line of text.trimEnd().split('\n')) {
    const values = line.split('\t');
    const number = (index: number) => Number(values[index] || Number.NaN);
    const is = (index: number) => values[index] !== '' && values[index] !== '0';
    const fromServer = number(1) === serverPort;
    const port = fromServer ? number(2) : number(1);
    const segments = byPort.get(port) ?? [];
    byPort.set(port, segments);
    segments.push({
      seconds: number(0),
      fromServer,
      seq: number(3),
      length: number(4),
      syn: is(5),
      fin: is(6),
      rst: is(7),
      wireBytes: number(8),
      retransmission: is(9) || is(10) || is(11),
      outOfOrder: is(12),
      zeroWindow: is(13),
      keepAlive: is(14),
      initialRttSeconds: number(15),
    });
  }
  return byPort;
}
