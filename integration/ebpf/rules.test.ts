/** Processes that the options leave out: nothing is told of them, neither calls nor connections nor their end; of those that are chosen all is. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, realpathSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLogs } from '../../receivers/ebpf/testing/tcp-events.ts';
import { type Owner, startCollector, temporaryFolder } from '../kit/collector.ts';
import { toSink } from '../kit/configuration.ts';
import { type Sink, startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { seenSpans } from '../live/spans.ts';
import { whatIsMissing } from '../tcp-metrics/network.ts';

const missing = whatIsMissing(['python3']);
const options = { skip: missing || false, timeout: 120_000 };
const found = execFileSync('python3', [
  '-c',
  'import sys; print(sys.executable, f"{sys.base_prefix}:{sys.base_exec_prefix}")',
]);
const [executable, home] = String(found).trim().split(' ') as [string, string];

/** Once it is told to, it asks itself over TCP, and is over. */
const program = `
import socket, sys, threading
print(flush=True)
sys.stdin.readline()
server = socket.create_server(('127.0.0.1', 0))
def serve():
    connection, _ = server.accept()
    connection.recv(999)
    connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')
    connection.close()
thread = threading.Thread(target=serve)
thread.start()
client = socket.create_connection(server.getsockname())
client.sendall(b'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')
while client.recv(999): pass
client.close()
thread.join()
`;
const everything = ['call c-p', 'call s-p', 'connection c-p', 'connection s-p', 'exec', 'exit'];
const withoutExec = everything.filter((what) => what !== 'exec');
const noticeMs = 300;

test('only processes of a cgroup and of those below it', options, async (t) => {
  const root = readFileSync('/proc/mounts', 'utf8').match(/^\S+ (\S+) cgroup2 /m)?.[1];
  if (root === undefined) return t.skip('no cgroup 2 file system is mounted');
  const cgroup = join(root, `deepflow-rules-${process.pid}`);
  mkdirSync(join(cgroup, 'below'), { recursive: true });
  t.after(() => {
    for (const folder of [join(cgroup, 'below'), cgroup]) rmdirSync(folder);
  });
  const inCgroup = (folder: string) => ['sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', folder, executable];
  const before = start(t, inCgroup(cgroup));
  const outsideBefore = start(t, [executable]);
  const sink = await collect(t, { cgroups: [cgroup] });
  const later = start(t, inCgroup(join(cgroup, 'below')));
  const outside = start(t, [executable]);
  const told = await run(sink, [outsideBefore, outside, before, later]);

  assert.deepEqual(told.get(before.pid!), withoutExec);
  assert.deepEqual(told.get(later.pid!), everything);
  assert.equal(told.get(outsideBefore.pid!), undefined);
  assert.equal(told.get(outside.pid!), undefined);
});

test('only executables of a pattern, also one that is deleted or in another mount namespace', options, async (t) => {
  const folder = temporaryFolder(t);
  const place = (name: string) => {
    mkdirSync(join(folder, name));
    return join(folder, name, 'python');
  };
  const [wanted, gone] = [place('wanted'), place('gone')];
  const mounted = dirname(place('mounted'));
  for (const path of [wanted, gone, `${wanted}-bad`]) copyFileSync(realpathSync(executable), path);
  const deleted = start(t, [gone]);
  await once(deleted.stdout!, 'data');
  unlinkSync(gone);
  const sink = await collect(t, { include: [`${folder}/*/python*`], exclude: ['**/python-bad'] });
  const script = 'mount -t tmpfs none "$1" && cp "$0" "$1/python" && exec "$1/python" "$2" "$3"';
  const inside = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, wanted, mounted];
  const elsewhere = start(t, inside);
  const plain = start(t, [wanted]);
  const excluded = start(t, [`${wanted}-bad`]);
  const other = start(t, [executable]);
  const told = await run(sink, [excluded, other, deleted, elsewhere, plain]);

  assert.deepEqual(told.get(deleted.pid!), withoutExec);
  assert.deepEqual(told.get(plain.pid!), everything);
  // It executed others before, so quickly that it may have been judged by what it is now.
  assert.deepEqual([...new Set(told.get(elsewhere.pid!))], everything);
  for (const { pid } of [excluded, other]) assert.equal(told.get(pid!), undefined);
});

function start(t: Owner, command: readonly string[]): ChildProcess {
  const child = spawn(command[0]!, [...command.slice(1), '-c', program], {
    env: { ...process.env, PYTHONHOME: home },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => void child.kill('SIGKILL'));
  return child;
}

/** Lets them do what they do, one after the other, until all is told of the last. Gives what was told, by process. */
async function run(sink: Sink, processes: readonly ChildProcess[]): Promise<Map<number, string[]>> {
  for (const child of processes) {
    // The collector has looked at it by then.
    await sleep(noticeMs);
    const ended = once(child, 'exit');
    child.stdin!.end('go\n');
    assert.deepEqual(await ended, [0, null]);
  }
  const last = processes.at(-1)!.pid!;
  const all = await until('all is told of the last', 20_000, async () => {
    const told = toldOf(sink);
    return told.get(last)?.includes('exit') && told.get(last)!.length >= everything.length && told;
  });
  assert.equal(all.get(NaN), undefined, 'nor is anything told of processes that are not known');
  return all;
}

function toldOf(sink: Sink): Map<number, string[]> {
  const told = new Map<number, string[]>();
  const add = (pid: unknown, what: string) => {
    const list = told.get(Number(pid)) ?? [];
    list.push(what);
    told.set(Number(pid), list.sort());
  };
  for (const { resource, attributes } of seenSpans(sink))
    add(resource['process.pid'], `call ${attributes['deepflow.observation_point']}`);
  for (const { event, resource, attributes } of sink.bodies('logs').flatMap(readLogs)) {
    const isFlow = event === 'deepflow.flow';
    const what = isFlow
      ? `connection ${attributes['deepflow.observation_point']}`
      : attributes['deepflow.process.event'];
    add(resource['process.pid'], String(what));
  }
  return told;
}

async function collect(t: Owner, processes: object): Promise<Sink> {
  const sink = await startSink(t);
  await startCollector(t, [], [toSink(sink.httpPort, { ebpf: { processes } }, ['traces', 'logs'])]);
  return sink;
}
