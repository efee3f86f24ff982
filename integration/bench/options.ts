/** The bench's command line: which comparison to run, how often and on how much. */
import { parseArgs } from 'node:util';

export const commands = ['otlp', 'clickhouse', 'workers', 'soak', 'store', 'packets', 'ebpf'] as const;
export type Command = (typeof commands)[number];

export interface Options {
  command: Command;
  /** Each round measures every rival of every case once, one after the other; ratios are medians over rounds. */
  rounds: number;
  /** Only cases whose name matches. */
  only: RegExp | undefined;
  /** Items per measurement, instead of what the case says. */
  items: number | undefined;
  /** One round and a quarter of the items: to see that it runs, not to quote. */
  quick: boolean;
  /** `--workers` of our collector. */
  workers: string;
  /** Order of the fields in messages: ascending (SDKs), descending (Go's pdata), or half of the requests each. */
  order: 'ascending' | 'descending' | 'mixed';
  /** gRPC connections of the generator, each with four requests in flight. */
  connections: number | undefined;
  /** How long `soak` runs. */
  minutes: number;
}

export const usage = `npm run bench -- otlp|clickhouse|workers|soak|store|packets|ebpf [options]

  otlp         otlp → memory_limiter, batch → otlp_grpc: CPU per item and peak RSS, ours and the Go Collector's
  clickhouse   otlp → clickhouse: the same, against the Go Collector's ClickHouse exporter
  workers      CPU per item with two workers ÷ with one
  soak         half of the top rate for --minutes: growth of memory, loss, latency of acknowledgements
  packets      captures of real servers through decoder, flows, parsers and span columns, beside tshark and tcpdump
  ebpf         what tracing costs services in C, Go, Java, Python and Node.js: CPU a request, on and off in turns (as root)
  store        the embedded store: rows a second, CPU a row, bytes a row on disk

  --rounds N        rounds (5)
  --only PATTERN    cases whose name matches the regular expression
  --items N         items per measurement
  --quick           one round, a quarter of the items
  --workers N       workers of our collector (1)
  --order ORDER     fields in messages: ascending, descending or mixed (mixed: half of the requests each)
  --connections N   gRPC connections, each with four requests in flight (4; workers: 16)
  --minutes N       length of soak (10)`;

/** Throws an Error that says what is wrong with the arguments. */
export function parseOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      only: { type: 'string' },
      items: { type: 'string' },
      quick: { type: 'boolean', default: false },
      workers: { type: 'string', default: '1' },
      order: { type: 'string', default: 'mixed' },
      connections: { type: 'string' },
      minutes: { type: 'string', default: '10' },
    },
  });
  const command = commands.find((known) => known === positionals[0]);
  if (command === undefined || positionals.length > 1) throw new Error(`one of ${commands.join(', ')} is to be named`);
  const { order } = values;
  if (order !== 'ascending' && order !== 'descending' && order !== 'mixed') {
    throw new Error(`--order ${order}: use ascending, descending or mixed`);
  }
  return {
    command,
    rounds: positive('rounds', values.rounds ?? (values.quick ? '1' : '5')),
    only: values.only === undefined ? undefined : new RegExp(values.only),
    items: values.items === undefined ? undefined : positive('items', values.items),
    quick: values.quick,
    workers: values.workers,
    order,
    connections: values.connections === undefined ? undefined : positive('connections', values.connections),
    minutes: positive('minutes', values.minutes),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!(value > 0)) throw new Error(`--${name} ${text}: a number above 0 is needed`);
  return value;
}
