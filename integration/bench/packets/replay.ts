/**
 * The program that is measured: one capture file through decoder, flow table, parsers, span bytes and columns, so often in one process
 * that its start and the compilation of its code count as little as they do in a collector.
 */
import { createAnalyser } from '../../../flow/analyser.ts';
import { plainOptions } from '../../../flow/l7/testing/plain-options.ts';
import { firstPacketClock, openCaptureFile } from '../../../flow/packet/capture-file.ts';
import { PacketDecoder } from '../../../flow/packet/decode.ts';
import { Packet } from '../../../flow/packet/packet.ts';
import { Batch } from '../../../pdata/batch.ts';
import { giveBody } from '../../../wire/body-pool.ts';

/** What one replay prints, as JSON. */
export interface Replay {
  packets: number;
  bytes: number;
  calls: number;
  answered: number;
  flows: number;
  cpuSeconds: number;
  peakRssMb: number;
}

/** Finished OTLP bytes are taken away when there are so many. */
const batchBytes = 1024 * 1024;

const [path, times] = process.argv.slice(2);
const result: Replay = { packets: 0, bytes: 0, calls: 0, answered: 0, flows: 0, cpuSeconds: 0, peakRssMb: 0 };
for (let time = 0; time < Number(times); time++) await replay(path!);
const usage = process.resourceUsage();
result.cpuSeconds = (usage.userCPUTime + usage.systemCPUTime) / 1e6;
result.peakRssMb = usage.maxRSS / 1000;
console.log(JSON.stringify(result));

async function replay(path: string): Promise<void> {
  const clock = await firstPacketClock(path);
  const file = await openCaptureFile(path, { clock });
  const decoder = new PacketDecoder();
  const packet = new Packet();
  const analyser = createAnalyser({
    clock,
    version: 'bench',
    hostName: 'bench',
    protocols: plainOptions,
    onCall: (_protocol, _session, _request, _response, outcome) => {
      if (outcome === 'answered') result.answered++;
    },
  });
  while (await file.fill()) {
    while (file.next(packet)) {
      result.packets++;
      result.bytes += packet.wireLength;
      if (decoder.decode(packet, file.linkType)) analyser.packet(packet);
    }
    if (analyser.pendingBytes > batchBytes) take();
  }
  analyser.close(take);
  take();
  await file.close();

  function take(): void {
    const { traces, logs } = analyser.drain();
    for (const message of traces) result.calls += countItems('traces', message);
    for (const message of logs) result.flows += countItems('logs', message);
  }
}

/** Reads a message into columns and gives its memory back, as whoever reads a batch last does. */
function countItems(signal: 'traces' | 'logs', message: Uint8Array): number {
  const { items } = Batch.fromWire(signal, message).columns;
  giveBody(message);
  return items;
}
