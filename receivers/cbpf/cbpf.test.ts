import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext as Owner, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Receiver } from '../../component/define.ts';
import { retryable } from '../../component/errors.ts';
import { createTestContext, type TestContext } from '../../component/testing/context.ts';
import type { Batch } from '../../pdata/batch.ts';
import type { Config } from './config.ts';
import definition from './index.ts';

const root = process.getuid?.() === 0;
const captures = join(import.meta.dirname, '..', '..', 'flow', 'packet', 'captures');
const directory = mkdtempSync(join(tmpdir(), 'otelcol-cbpf-'));
after(() => rmSync(directory, { recursive: true, force: true }));

interface Running {
  receiver: Receiver;
  context: TestContext<Config>;
  spans: Batch[];
  records: Batch[];
  stop(): Promise<void>;
}

async function run(t: Owner, options: object, take: () => Promise<void> = async () => {}): Promise<Running> {
  const context = createTestContext(definition.config.parse(options), { id: 'cbpf' });
  const spans: Batch[] = [];
  const records: Batch[] = [];
  const next = (batches: Batch[]) => async (batch: Batch) => {
    await take();
    batches.push(batch);
  };
  const receiver = definition.create(context, { traces: next(spans), logs: next(records) });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= receiver.shutdown!());
  t.after(stop);
  await receiver.start!();
  return { receiver, context, spans, records, stop };
}

async function until(what: string, check: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (!check()) {
    assert.ok(performance.now() < deadlineMs, `${what}: not within 15 s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const isLogged = ({ context }: Running, message: string) => context.logged.some((line) => line.message === message);

/** Whether some record holds this text. */
function hold(batches: readonly Batch[], text: string): boolean {
  return batches.some(({ wire }) => wire.some((bytes) => Buffer.from(bytes).includes(text)));
}

test('capture files are read once, packed or not, in the order of their names; damaged ones are counted', async (t) => {
  const files = mkdtempSync(join(directory, 'files-'));
  copyFileSync(join(captures, 'tcpdump.pcap'), join(files, '1.pcap'));
  writeFileSync(join(files, '2.pcapng.gz'), gzipSync(readFileSync(join(captures, 'dumpcap.pcapng'))));
  writeFileSync(join(files, '3.pcap.zst'), zstdCompressSync(readFileSync(join(captures, 'tcpdump.pcap'))));
  writeFileSync(join(files, '4.pcap'), readFileSync(join(captures, 'tcpdump.pcap')).subarray(0, 700));
  writeFileSync(join(files, '5.pcap'), 'this is no capture file at all');
  const running = await run(t, { files: [join(files, '*'), join(files, 'absent.pcap'), join(files, '**/*.cap')] });
  await until('all files', () => isLogged(running, 'All capture files are read'));
  const { context } = running;
  const metric = (name: string) => context.metric(`receiver_cbpf_${name}`);
  assert.equal(metric('files_read'), 3);
  assert.equal(metric('files_damaged'), 3);
  const errors = context.logged.filter(({ level }) => level === 'warn').map(({ fields }) => String(fields.error));
  assert.match(errors.shift()!, /^no file fits .*\/\*\*\/\*\.cap: correct the pattern in files/);
  assert.match(errors[0]!, /4\.pcap: the file ends in the middle of a record/);
  assert.match(errors[1]!, /5\.pcap is neither pcap nor pcapng/);
  assert.match(errors[2]!, /absent\.pcap cannot be opened: ENOENT/);
  assert.ok(metric('packets') >= 36 + 5, `${metric('packets')}`);
  await until('records', () => running.records.length > 0);
  await running.stop();
  for (const name of ['1.pcap', '2.pcapng.gz', '3.pcap.zst', '4.pcap']) {
    assert.ok(hold(running.records, name), name);
  }
});

test('files wait for a pipeline that refuses for a while; nothing is lost', async (t) => {
  let refusals = 2;
  const running = await run(t, { files: [join(captures, 'tcpdump.pcap')] }, async () => {
    if (refusals-- > 0) throw retryable('full');
  });
  await until('the end', () => isLogged(running, 'All capture files are read'));
  assert.ok(refusals < 0);
  assert.ok(running.records.length > 0);
});

test('packets of files are kept where pcap::directory says', async (t) => {
  const kept = join(directory, 'kept');
  const running = await run(t, { files: [join(captures, 'dumpcap.pcapng')], pcap: { directory: kept } });
  await until('the end', () => isLogged(running, 'All capture files are read'));
  await running.stop();
  assert.equal(running.context.metric('receiver_cbpf_stored_packets'), 12);
  assert.equal(readdirSync(kept).length, 1);
});

test('without permission one line names the capability, and the receiver stays', () => {
  const program = `
    const { createTestContext } = await import(${url('../../component/testing/context.ts')});
    const { default: definition } = await import(${url('./index.ts')});
    if (process.getuid() === 0) process.setuid(65534);
    const context = createTestContext(definition.config.parse({ interfaces: '.' }), { id: 'cbpf' });
    const receiver = definition.create(context, { traces: async () => {}, logs: async () => {} });
    await receiver.start();
    while (context.statuses.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await receiver.shutdown();
    console.log(JSON.stringify({ logged: context.logged, statuses: context.statuses }));`;
  const { stdout, stderr } = spawnSync(process.execPath, [programFile(program)], { encoding: 'utf8' });
  const { logged, statuses } = JSON.parse(stdout || `"${stderr}"`);
  assert.equal(logged.length, 1);
  assert.match(logged[0].fields.error, /capability CAP_NET_RAW; run as root, or grant it/);
  assert.equal(statuses[0].status, 'permanent_error');
  assert.equal(statuses[0].message, logged[0].fields.error);
});

test('a filter that libpcap does not understand is said so, once', async (t) => {
  const running = await run(t, { interfaces: '^lo$', filter: 'tcp prot 80' });
  await until('the status', () => running.context.statuses.length > 0);
  const expected = root ? /"tcp prot 80" is no filter that tcpdump would take/ : /"tcp prot 80"|CAP_NET_RAW/;
  assert.match(running.context.statuses[0]!.message ?? '', expected);
});

test('interfaces that fit none are told, with those there are', async (t) => {
  const { context } = await run(t, { interfaces: 'ethernet0' });
  await until('the status', () => context.statuses.length > 0);
  assert.match(context.statuses[0]!.message!, /no interface is called .*\(ethernet0\); there are: .*\blo\b/);
  assert.equal(context.logged.length, 1);
});

if (root) {
  test('live: connections of others are seen, those of the collector itself are not', async (t) => {
    const server = createServer((socket) => socket.on('data', () => socket.end('answer')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port: own } = server.address() as { port: number };
    // Both ends in a child: none of its sockets is ours.
    const child = spawn(process.execPath, ['-e', pingPong], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const other = Number(String((await once(child.stdout, 'data'))[0]));

    const running = await run(t, { interfaces: '^lo$', filter: `tcp port ${own} or tcp port ${other}` });
    const { context } = running;
    await until('capture', () => isLogged(running, 'Capturing packets'));
    child.stdin.write('go\n');
    const asking = spawn(process.execPath, [
      '-e',
      `require('node:net').connect(${own}, '127.0.0.1', function () { this.write('x'); }).resume()`,
    ]);
    await once(asking, 'close');
    await until('packets', () => context.metric('receiver_cbpf_packets') >= 30);
    assert.deepEqual(context.statuses, [{ status: 'ok', message: undefined }]);
    await running.stop();
    assert.ok(context.metric('receiver_cbpf_own_packets') >= 4);
    assert.equal(context.metric('receiver_cbpf_kernel_drops'), 0);
    assert.ok(running.records.length > 0);
    assert.ok(hold(running.records, 'deepflow.flow'));
  });

  test('live: interfaces of other namespaces, also those that come later and go again', async (t) => {
    const name = `cbpf-${process.pid}`;
    const ip = (...words: string[]) => execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    ip('netns', 'add', name);
    t.after(() => ip('netns', 'del', name));
    ip('-n', name, 'link', 'add', 'left0', 'type', 'veth', 'peer', 'name', 'right0');
    const options = { interfaces: '^left', network_namespaces: `^${name}$`, rescan_interval: '100ms' };
    const running = await run(t, options);
    const seen = (message: string) =>
      running.context.logged.filter((line) => line.message === message).map(({ fields }) => fields.interface);
    await until('the first', () => seen('Capturing packets').includes(`${name}/left0`));
    ip('-n', name, 'link', 'add', 'left1', 'type', 'veth', 'peer', 'name', 'right1');
    await until('the second', () => seen('Capturing packets').includes(`${name}/left1`));
    ip('-n', name, 'link', 'del', 'left1');
    await until('its end', () => seen('The interface is gone').includes(`${name}/left1`));
    assert.deepEqual(
      running.context.statuses.map(({ status }) => status),
      ['ok'],
    );
  });

  test('after kill -9 the kernel holds no ring any more', async () => {
    const program = `
      const { createTestContext } = await import(${url('../../component/testing/context.ts')});
      const { default: definition } = await import(${url('./index.ts')});
      const context = createTestContext(definition.config.parse({ interfaces: '^lo$' }), { id: 'cbpf' });
      await definition.create(context, {}).start();
      while (context.statuses.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      console.log('capturing');`;
    const sockets = () =>
      readFileSync('/proc/net/packet', 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.split(/\s+/).at(-1));
    const before = new Set(sockets());
    const child = spawn(process.execPath, [programFile(program)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const opened = sockets().filter((inode) => !before.has(inode));
    assert.ok(opened.length >= 1);
    child.kill('SIGKILL');
    await once(child, 'close');
    await until('the end', () => !sockets().some((inode) => opened.includes(inode)));
  });
}

/** A thread of a program that was given on the command line cannot be started. */
function programFile(text: string): string {
  const path = join(directory, `${createHash('sha1').update(text).digest('hex')}.mjs`);
  writeFileSync(path, text);
  return path;
}

function url(path: string): string {
  return JSON.stringify(new URL(path, import.meta.url).href);
}

/** Says its port; for each line it makes ten connections to itself with a question and an answer. */
const pingPong = `
  const net = require('node:net');
  const server = net.createServer((socket) => socket.on('data', () => socket.end('answer')));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.stdin.on('data', () => {
    for (let i = 0; i < 10; i++) net.connect(server.address().port, '127.0.0.1', function () { this.write('question'); }).resume();
  });`;
