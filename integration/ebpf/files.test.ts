/** Reads of files that were made slow on purpose, by a service without instrumentation: path, latency, and the call that waited for them. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { wireToJson } from '../../pdata/otlp/json.ts';
import { type LogRecord, readLogs } from '../../receivers/ebpf/testing/tcp-events.ts';
import { type Owner, startCollector, temporaryFolder } from '../kit/collector.ts';
import { toSink } from '../kit/configuration.ts';
import { type Sink, startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { whatIsMissing } from '../tcp-metrics/network.ts';

const minLatencyMs = 20;
const missing = whatIsMissing(['python3']);

interface Answer {
  thread: number;
  bytes: number;
  ns: number;
}

describe('slow files', { skip: missing || false, timeout: 120_000 }, () => {
  let sink: Sink;
  let folder: string;
  let python: string;
  let service: ChildProcess;
  let port: number;
  let env: NodeJS.ProcessEnv;
  const cleanUps: (() => Promise<void> | void)[] = [];
  const owner: Owner = { after: (cleanUp) => void cleanUps.unshift(cleanUp) };

  before(async () => {
    folder = temporaryFolder(owner);
    // Of its own name, so that no other Python program on this host is traced.
    python = join(folder, 'python-files');
    const { executable, home } = findPython();
    copyFileSync(executable, python);
    env = { ...process.env, PYTHONHOME: home };
    sink = await startSink(owner);
    await startCollector(owner, [], [configuration(python, sink.httpPort)]);
    for (let i = 0; i < 30; i++) writeFileSync(join(folder, `file-${i}.db`), Buffer.alloc(1000));
    service = spawn(python, [join(import.meta.dirname, 'files', 'service.py'), folder], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    owner.after(() => void service.kill('SIGKILL'));
    const [line] = (await Promise.race([once(service.stdout!, 'data'), once(service, 'exit')])) as [unknown];
    port = Number(String(line));
    assert.ok(port > 1, 'the service listens');
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  const ask = async (name: string, delayMs: number) =>
    (await (await fetch(`http://127.0.0.1:${port}/${name}?delay=${delayMs}`)).json()) as Answer;

  const accessesOf = (name: string) =>
    logsOf(sink, 'deepflow.file_io').filter(({ attributes }) => attributes['file.path'] === join(folder, name));

  test('path, size, thread and latency are those of the read', async () => {
    const answer = await ask('file-0.db', 150);
    const [access] = await until('the access is told', 10_000, async () => {
      const found = accessesOf('file-0.db');
      return found.length > 0 && found;
    });
    const { attributes, resource } = access!;
    const { 'deepflow.file.duration': duration, 'deepflow.syscall_trace_id': _, ...others } = attributes;
    const { ino, dev } = statSync(join(folder, 'file-0.db'));
    assert.deepEqual(others, {
      'file.path': join(folder, 'file-0.db'),
      'file.name': 'file-0.db',
      'file.inode': String(ino),
      'deepflow.file.device': `${dev >> 8}:${dev & 255}`,
      'deepflow.file.operation': 'read',
      'deepflow.file.offset': 7,
      'deepflow.file.size': answer.bytes,
      'thread.id': answer.thread,
    });
    assert.equal(resource['process.pid'], service.pid);
    assert.ok(answer.ns > 100e6, `the service measured ${answer.ns} ns`);
    // The service measures more: Python around the system call.
    const less = answer.ns - Number(duration);
    assert.ok(less >= 0 && less < 10e6, `told ${duration} ns, the service measured ${answer.ns} ns`);
  });

  test('each is linked to the call that waited for it, with many at once', async () => {
    const names = Array.from({ length: 24 }, (_, i) => `file-${i + 1}.db`);
    const answers = await Promise.all(names.map((name, i) => ask(name, 40 + 5 * i)));
    const linked = await until('all accesses and calls are told', 20_000, async () => {
      const spans = new Map(serverSpans(sink).map((span) => [span.spanId, span]));
      const found = names.map((name) => {
        const [access, ...more] = accessesOf(name);
        assert.deepEqual(more, [], `${name} was read once`);
        return access === undefined ? undefined : { access, span: spans.get(access.spanId) };
      });
      return found.every((one) => one?.span !== undefined) && found;
    });
    for (const [index, one] of linked.entries()) {
      const { access, span } = one!;
      assert.equal(span!.path, `/${names[index]}`);
      assert.equal(span!.traceId, access.traceId);
      assert.equal(access.attributes['thread.id'], answers[index]!.thread);
    }
  });

  test('quick ones are not told', async () => {
    const answer = await ask('file-29.db', 1);
    const slow = await ask('file-28.db', 60);
    assert.ok(slow.ns > minLatencyMs * 1e6);
    await until('the later access is told', 10_000, async () => accessesOf('file-28.db').length === 1);
    assert.equal(accessesOf('file-29.db').length, answer.ns > minLatencyMs * 1e6 ? 1 : 0);
  });

  test('processes are told of when they begin and end, with exit code or signal', async () => {
    const run = async (source: string) => {
      const child = spawn(python, ['-c', source], { env, stdio: 'ignore' });
      await once(child, 'exit');
      return child.pid!;
    };
    const [exited, killed] = [await run('import os; os._exit(3)'), await run('import os; os.kill(os.getpid(), 9)')];
    const eventsOf = (pid: number) =>
      logsOf(sink, 'deepflow.process').filter(({ resource }) => resource['process.pid'] === pid);
    await until('both ends are told', 10_000, async () => eventsOf(exited).length > 1 && eventsOf(killed).length > 1);
    const flat = (pid: number) => eventsOf(pid).map(({ attributes }) => attributes);
    const began = { 'deepflow.process.event': 'exec', 'process.executable.path': python };
    assert.deepEqual(flat(exited), [began, { 'deepflow.process.event': 'exit', 'process.exit.code': 3 }]);
    assert.deepEqual(flat(killed), [
      began,
      { 'deepflow.process.event': 'exit', 'deepflow.process.exit.signal': 'SIGKILL' },
    ]);
  });
});

function configuration(executable: string, sinkPort: number): string {
  const files = { min_latency: `${minLatencyMs}ms` };
  const ebpf = { processes: { include: [executable] }, files, tcp: { enabled: false } };
  return toSink(sinkPort, { ebpf }, ['traces', 'logs']);
}

/** Where Python is, and where its library. */
function findPython(): { executable: string; home: string } {
  const program = 'import sys; print(sys.executable, f"{sys.base_prefix}:{sys.base_exec_prefix}")';
  const [executable, home] = execFileSync('python3', ['-c', program], { encoding: 'utf8' }).trim().split(' ');
  return { executable: realpathSync(executable!), home: home! };
}

function logsOf(sink: Sink, event: string): LogRecord[] {
  return sink.bodies('logs').flatMap((body) => readLogs(body).filter((record) => record.event === event));
}

/** The server's spans with the path that was asked for. */
function serverSpans(sink: Sink): { traceId: string; spanId: string; path: string }[] {
  const found: { traceId: string; spanId: string; path: string }[] = [];
  for (const body of sink.bodies('traces')) {
    const request = JSON.parse(Buffer.from(wireToJson('traces', body)).toString());
    for (const { scopeSpans } of request.resourceSpans) {
      for (const { spans } of scopeSpans) {
        for (const { traceId, spanId, attributes } of spans) {
          const text = (key: string) =>
            attributes.find((one: { key: string }) => one.key === key)?.value.stringValue as string | undefined;
          if (text('deepflow.observation_point') !== 's-p') continue;
          found.push({ traceId, spanId, path: text('url.path') ?? '' });
        }
      }
    }
  }
  return found;
}
