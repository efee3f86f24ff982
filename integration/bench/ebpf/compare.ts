/** `npm run bench -- ebpf`: what tracing costs the traced, in CPU a request, on and off in turns. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../child.ts';
import { freePorts } from '../collector.ts';
import { ourCollector } from '../paths.ts';
import { formatTable, median, spread } from '../report.ts';
import { waitFor } from '../wait.ts';
import { type KernelFigures, measureKernel } from './kernel.ts';
import { type LoadFigures, loadService } from './load.ts';
import { rateOf, type ServerKind, type Subject, startSubject, subjects } from './subjects.ts';

export interface EbpfOptions {
  rounds: number;
  only: RegExp | undefined;
  quick: boolean;
}

interface Figure {
  name: string;
  value: number;
}

export interface EbpfOutcome {
  factors: Figure[];
  ratios: Figure[];
  failures: string[];
  measurements: unknown[];
}

const heads = [
  'service',
  '',
  'us off',
  'us on',
  'factor',
  'goal',
  'our us',
  'spans a request',
  'p99 off',
  'p99 on',
  'requests/s',
];

export async function compareEbpf({ rounds, only, quick }: EbpfOptions): Promise<EbpfOutcome> {
  const outcome: EbpfOutcome = { factors: [], ratios: [], failures: [], measurements: [] };
  const rows: string[][] = [];
  for (const subject of subjects) {
    if (only !== undefined && !only.test(subject.name)) continue;
    try {
      rows.push(await compareSubject(subject, { rounds, quick }, outcome));
      console.log(rows.at(-1)!.join('  '));
    } catch (error) {
      outcome.failures.push(`${subject.name}: ${(error as Error).message}`);
    }
  }
  if (rows.length > 0) console.log(`\n${formatTable({ heads, rows })}\n`);
  if (only === undefined || only.test('kernel')) report(await measureKernel(secondsOf(quick)), outcome);
  return outcome;
}

/** Until a service costs what it will cost: Java compiles what runs often for a long time, so it has more to do then. */
const warmUps: Record<ServerKind, { seconds: number; rate: number }> = {
  nginx: { seconds: 1, rate: 1 },
  go: { seconds: 1, rate: 1 },
  java: { seconds: 15, rate: 2 },
  python: { seconds: 1, rate: 1 },
  node: { seconds: 4, rate: 1 },
};

const secondsOf = (quick: boolean) => (quick ? 1 : 3);

async function compareSubject(
  subject: Subject,
  { rounds, quick }: Pick<EbpfOptions, 'rounds' | 'quick'>,
  outcome: EbpfOutcome,
): Promise<string[]> {
  const service = await startSubject(subject);
  const rate = rateOf(subject);
  const seconds = secondsOf(quick);
  try {
    const warmUp = warmUps[subject.server];
    loadService(service.url, rate * warmUp.rate, service.pid, undefined, warmUp.seconds);
    const off: LoadFigures[] = [];
    const on: LoadFigures[] = [];
    const seen: number[] = [];
    for (let round = 0; round < rounds; round++) {
      off.push(loadService(service.url, rate, service.pid, undefined, seconds));
      const collector = await startTracing(subject);
      try {
        // The first seconds: its compilers, and the probes.
        loadService(service.url, rate, service.pid, collector.pid, quick ? 1 : 4);
        const before = await collector.settledSpans();
        const figures = loadService(service.url, rate, service.pid, collector.pid, seconds);
        on.push(figures);
        seen.push(((await collector.settledSpans()) - before) / figures.requests);
      } finally {
        await collector.stop();
      }
    }
    const factors = on.map(({ serviceUs }, round) => serviceUs / off[round]!.serviceUs);
    outcome.factors.push({ name: subject.name, value: median(factors) });
    outcome.measurements.push({ name: subject.name, off, on, seen });
    if (!subject.others && Math.min(...seen) < 0.99)
      outcome.failures.push(
        `${subject.name}: spans of only ${spread(seen, 3)} of the requests: what tracing costs is not measured`,
      );
    const each = (figures: LoadFigures[], key: keyof LoadFigures, digits = 1) =>
      spread(
        figures.map((one) => one[key]),
        digits,
      );
    return [
      subject.name,
      '',
      each(off, 'serviceUs'),
      each(on, 'serviceUs'),
      spread(factors, 2),
      String(subject.goal),
      each(on, 'collectorUs'),
      spread(seen, 3),
      each(off, 'p99Us', 0),
      each(on, 'p99Us', 0),
      spread(
        on.map(({ requests }) => requests / seconds),
        0,
      ),
    ];
  } finally {
    await service.stop();
  }
}

interface Tracing extends Child {
  /** Spans of its receiver so far, once no more come. */
  settledSpans(): Promise<number>;
}

/** A collector that traces this service, or another one only, and gives what it sees to nobody. The load stands for clients elsewhere. */
async function startTracing(subject: Subject): Promise<Tracing> {
  const directory = mkdtempSync(join(tmpdir(), 'otelcol-bench-'));
  const [metricsPort] = await freePorts(1);
  const config = join(directory, 'config.yaml');
  const processes = subject.others ? "{ include: ['/usr/bin/redis-*'] }" : "{ exclude: ['**/h2load'] }";
  writeFileSync(
    config,
    `
receivers:
  ebpf: { processes: ${processes} }
exporters:
  nop:
service:
  telemetry:
    logs: { level: warn }
    metrics: { readers: [{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${metricsPort} } } } }] }
  pipelines:
    traces: { receivers: [ebpf], exporters: [nop] }
    logs: { receivers: [ebpf], exporters: [nop] }
`,
  );
  const child = startChild(ourCollector, ['--config', config]);
  const readMetrics = () =>
    fetch(`http://127.0.0.1:${metricsPort}/metrics`).then(
      (reply) => reply.text(),
      () => '',
    );
  await waitFor(
    async () => {
      if (!child.running()) throw new Error(`the collector ended at start:\n${child.stderrTail()}`);
      return (await readMetrics()) === '' ? undefined : true;
    },
    () => `the collector is not ready:\n${child.stderrTail()}`,
    60_000,
  );
  return {
    ...child,
    async settledSpans() {
      let [last, now] = [-1, 0];
      for (let tries = 0; tries < 10 && now !== last; tries++) {
        await sleep(500);
        [last, now] = [
          now,
          Number(/^otelcol_receiver_accepted_spans_total\{[^}]*\} (\d+)/m.exec(await readMetrics())?.[1] ?? 0),
        ];
      }
      return now;
    },
    async stop() {
      await child.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function report(figures: KernelFigures, outcome: EbpfOutcome): void {
  const { nsPerEvent, nsPerUntracedCall, readNsPerEvent, eventsPerSecond, lost } = figures;
  console.log(
    `in the kernel: ${nsPerEvent.toFixed(0)} ns a captured event, ${nsPerUntracedCall.toFixed(0)} ns a system call of a process that is not traced\n` +
      `in user space: ${readNsPerEvent.toFixed(0)} ns an event before parsing; ${eventsPerSecond.toFixed(0)} events/s, ${lost} lost`,
  );
  outcome.measurements.push(figures);
}
