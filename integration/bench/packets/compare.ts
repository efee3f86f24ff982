/** `npm run bench -- packets`: CPU of replay beside tshark and tcpdump on captures of real servers, interleaved. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { formatTable, median, spread } from '../report.ts';
import { type Capture, captureFile, captures } from './captures.ts';
import { type LiveFigures, measureLiveCapture } from './live.ts';
import type { Replay } from './replay.ts';
import { measureOurs, measureTcpdump, measureTshark } from './rivals.ts';

/** Ours reads each file so often in one process: a collector starts once too. */
const times = 5;

export interface PacketOptions {
  rounds: number;
  only: RegExp | undefined;
}

export interface Figure {
  name: string;
  value: number;
}

export interface PacketOutcome {
  rates: Figure[];
  ratios: Figure[];
  failures: string[];
  measurements: unknown[];
}

export async function comparePackets({ rounds, only }: PacketOptions): Promise<PacketOutcome> {
  const outcome: PacketOutcome = { rates: [], ratios: [], failures: [], measurements: [] };
  const rows: string[][] = [];
  for (const capture of captures) {
    if (only !== undefined && !only.test(capture.name)) continue;
    const file = await captureFile(capture);
    rows.push(measure(capture, file, rounds, outcome));
    console.log(rows.at(-1)!.join('  '));
  }
  const heads = [
    'capture',
    'unit',
    'packets',
    'calls',
    'ns/packet',
    'per CPU-s',
    'goal',
    'RSS MB',
    'tshark ns',
    'tcpdump ns',
    'tshark ÷ ours',
  ];
  if (rows.length > 0) console.log(`\n${formatTable({ heads, rows })}\n`);
  if (only === undefined || only.test('live')) outcome.measurements.push(await live());
  if (only === undefined || only.test('flows')) execFileSync(process.execPath, [flowsProgram], { stdio: 'inherit' });
  return outcome;
}

const flowsProgram = join(import.meta.dirname, 'flows.ts');
const liveSeconds = 5;

async function live(): Promise<LiveFigures> {
  const figures = await measureLiveCapture(liveSeconds);
  const { packetsPerSecond, drops, cpuNsPerPacket, idleCpuPercent } = figures;
  console.log(
    `live on loopback: ${packetsPerSecond.toFixed(0)} packets/s, ${drops} dropped by the kernel, ${cpuNsPerPacket.toFixed(0)} ns a packet for ring and headers, ${idleCpuPercent.toFixed(2)} % of a core when idle`,
  );
  return figures;
}

function measure(capture: Capture, file: string, rounds: number, outcome: PacketOutcome): string[] {
  const ours: number[] = [];
  const tshark: number[] = [];
  const tcpdump: number[] = [];
  let last: Replay | undefined;
  for (let round = 0; round < rounds; round++) {
    last = measureOurs(file, times);
    ours.push(last.cpuSeconds);
    tshark.push(measureTshark(capture, file));
    tcpdump.push(measureTcpdump(file));
  }
  const { packets, bytes, calls, answered, peakRssMb } = last!;
  const work = capture.unit === 'calls/s' ? calls : (bytes * 8) / 1e9;
  const rates = ours.map((cpu) => work / cpu);
  const ratios = tshark.map((cpu, round) => (cpu * times) / ours[round]!);
  outcome.rates.push({ name: capture.name, value: median(rates) });
  outcome.ratios.push({ name: `packets/${capture.name}`, value: median(ratios) });
  outcome.measurements.push({ name: capture.name, ...last, ours, tshark, tcpdump });
  if (capture.unit === 'calls/s' && (calls === 0 || answered < calls * 0.99))
    outcome.failures.push(`${capture.name}: ${answered} of ${calls} calls were answered`);
  const perPacket = (values: number[], packets: number): string =>
    spread(
      values.map((cpu) => (cpu / packets) * 1e9),
      0,
    );
  return [
    capture.name,
    capture.unit,
    String(packets / times),
    String(calls / times),
    perPacket(ours, packets),
    spread(rates, capture.unit === 'calls/s' ? 0 : 1),
    String(capture.goal),
    peakRssMb.toFixed(0),
    perPacket(tshark, packets / times),
    perPacket(tcpdump, packets / times),
    spread(ratios, 1),
  ];
}
