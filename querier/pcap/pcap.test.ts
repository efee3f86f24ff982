import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { openCaptureFile } from '../../flow/packet/capture-file.ts';
import { createCaptureClock } from '../../flow/packet/clock.ts';
import { PacketDecoder } from '../../flow/packet/decode.ts';
import { Packet } from '../../flow/packet/packet.ts';
import { PacketKeeper } from '../../flow/pcap/keeper.ts';
import { QueryError } from '../errors.ts';
import type { Answer } from '../route.ts';
import { openQueriedStore } from '../testing/store.ts';
import { pcapRoutes } from './routes.ts';

const directory = mkdtempSync(join(tmpdir(), 'otelcol-pcap-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const queried = await openQueriedStore({ after });
const nowMs = Date.now();

// Twelve packets between 127.0.0.1 and its port 23456, as if captured five seconds ago.
const shift = Math.floor(nowMs / 1000) - 5;
const keeper = new PacketKeeper({
  directory,
  maxBytes: 1 << 30,
  maxFlowBytes: 1 << 20,
  clock: createCaptureClock(shift),
  writer: 0,
  isOwn: () => true,
  pointName: () => 'lo',
  onError: (error) => assert.fail(error),
});
const file = await openCaptureFile(join(import.meta.dirname, '../../flow/packet/captures/dumpcap.pcapng'));
const packet = new Packet();
const decoder = new PacketDecoder();
let clientPort = 0;
while (await file.fill()) {
  while (file.next(packet)) {
    const { bytes, start } = packet;
    decoder.decode(packet, file.linkType);
    if (packet.destinationPort === 23456) clientPort = packet.sourcePort;
    keeper.keep(packet, file.linkType, bytes, start);
  }
}
await file.close();
keeper.close();

const at = (ms: number) => `fromUnixTimestamp64Milli(toInt64(${shift * 1000 + ms}))`;
await queried.client.command({
  query: `INSERT INTO otel.flow_log (received_date, time, flow_id, client_address, client_port, server_address, server_port,
          network_transport, start_time, end_time) VALUES
        (today(), ${at(1000)}, '00000000000000aa', '127.0.0.1', ${clientPort}, '127.0.0.1', 23456, 'tcp', ${at(508)}, ${at(510)}),
        (today(), ${at(1000)}, '00000000000000bb', '127.0.0.1', ${clientPort}, '127.0.0.1', 23457, 'tcp', ${at(508)}, ${at(510)})`,
});

function ask(text: string, kept: string | undefined = directory): Promise<Answer> {
  const [route] = pcapRoutes(kept);
  return route!.handle({
    store: queried.store,
    query: new URLSearchParams(text),
    path: {},
    body: '',
    accept: '',
    nowMs,
    signal: AbortSignal.timeout(30_000),
  });
}

/** Enhanced packet blocks of the answer. */
async function packetsOf(answer: Answer): Promise<number> {
  assert.ok(answer.kind === 'stream');
  assert.equal(answer.contentType, 'application/x-pcapng');
  const bytes = await buffer(answer.body);
  let count = 0;
  for (let offset = 0; offset < bytes.length; offset += bytes.readUInt32LE(offset + 4)) {
    if (bytes.readUInt32LE(offset) === 6) count++;
  }
  return count;
}

test('packets of a flow by its id, or by addresses, ports and time', async () => {
  assert.equal(await packetsOf(await ask('flow=00000000000000AA')), 12);
  assert.equal(await packetsOf(await ask('server_port=23456&protocol=tcp')), 12);
  assert.equal(await packetsOf(await ask('client_address=127.0.0.1&limit=300')), 2);
});

const refusals: [string, string][] = [
  ['flow=00000000000000bb', 'NOT_FOUND'],
  ['flow=00000000000000cc', 'NOT_FOUND'],
  ['flow=xyz', 'BAD_REQUEST'],
  ['server_port=23457', 'NOT_FOUND'],
  [`server_port=23456&start=${(shift + 1) * 1000}&end=${(shift + 2) * 1000}`, 'NOT_FOUND'],
  ['server_port=99999', 'BAD_REQUEST'],
  ['client_address=localhost', 'BAD_REQUEST'],
  ['protocol=quic', 'BAD_REQUEST'],
];
for (const [text, code] of refusals) {
  test(`${text}: ${code}`, async () => {
    await assert.rejects(ask(text), (error) => error instanceof QueryError && error.code === code);
  });
}

test('where nothing is kept, or nothing yet, that is said', async () => {
  const [route, kept] = pcapRoutes(undefined);
  const request = {} as Parameters<NonNullable<typeof route>['handle']>[0];
  await assert.rejects(route!.handle(request), /set pcap::directory/);
  assert.deepEqual(await kept!.handle(request), { kind: 'json', body: { kept: false } });
  assert.deepEqual(await pcapRoutes(directory)[1]!.handle(request), { kind: 'json', body: { kept: true } });
  await assert.rejects(ask('server_port=1', join(directory, 'absent')), /No packets are kept in .*absent yet/);
});
