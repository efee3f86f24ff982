/** Heads of HTTP/1 that the first KiB of a call does not hold: long ones, and those behind the body of another request in the same call. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { createCgroup } from '../kit/cgroup.ts';
import { startCollector } from '../kit/collector.ts';
import { toSink } from '../kit/configuration.ts';
import { startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { seenSpans } from '../live/spans.ts';
import { whatIsMissing } from '../tcp-metrics/network.ts';

const missing = whatIsMissing(['python3']);
/** More is asked for when the first of a connection was missed. */
const groups = 12;
const soon = 4;

const program = `
import socket, sys, threading, time
answer = b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok'
def talk(pieces, answers):
    server = socket.create_server(('127.0.0.1', 0))
    def serve():
        connection, _ = server.accept()
        for piece in pieces:
            left = len(piece)
            while left > 0: left -= len(connection.recv(left))
            connection.sendall(answer * answers)
        connection.close()
    thread = threading.Thread(target=serve)
    thread.start()
    client = socket.create_connection(server.getsockname())
    for piece in pieces:
        client.sendall(piece)
        left = len(answer) * answers
        while left > 0: left -= len(client.recv(left))
        time.sleep(0.1)
    client.close()
    thread.join()
head = b'%s /%s-%d HTTP/1.1\\r\\nHost: a\\r\\n%s\\r\\n'
def pair(i): return head % (b'POST', b'post', i, b'Content-Length: 2000\\r\\n') + b'x' * 2000 + head % (b'GET', b'behind', i, b'')
def long(i): return head % (b'GET', b'long', i, b'Cookie: %s\\r\\nX-Request-ID: id-%d\\r\\n' % (b'c' * 3000, i))
talk([pair(i) for i in range(${groups})], 2)
talk([long(i) for i in range(${groups})], 1)
`;

test('heads that are long or behind a body are read whole once a connection has shown such', {
  skip: missing || false,
  timeout: 60_000,
}, async (t) => {
  const sink = await startSink(t);
  const cgroup = createCgroup(`otelcol-heads-${process.pid}`);
  t.after(() => cgroup.remove());
  await startCollector(t, [], [configuration(cgroup.path, sink.httpPort)]);
  const inCgroup = ['-c', 'echo $$ >"$0" && exec "$@"', cgroup.procs, 'python3', '-c', program];
  const child = spawn('sh', inCgroup, { stdio: ['ignore', 'inherit', 'inherit'] });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const pathsAt = (point: string) =>
    seenSpans(sink)
      .filter(
        ({ resource, attributes }) =>
          Number(resource['process.pid']) === child.pid && attributes['deepflow.observation_point'] === point,
      )
      .map(({ attributes }) => [
        attributes['url.path'],
        attributes['deepflow.x_request_id'],
        attributes['http.response.status_code'],
      ]);
  const last = `/long-${groups - 1}`;
  await until('all is told', 10_000, async () =>
    ['c-p', 's-p'].every((point) => pathsAt(point).some(([path]) => path === last)),
  );
  for (const point of ['c-p', 's-p']) {
    const told = pathsAt(point);
    for (let i = soon; i < groups; i++) {
      for (const path of [`/post-${i}`, `/behind-${i}`, `/long-${i}`]) {
        const found = told.filter(([one]) => one === path);
        assert.equal(found.length, 1, `${point} ${path}`);
        assert.equal(String(found[0]![2]), '200');
      }
      assert.equal(told.find(([path]) => path === `/long-${i}`)![1], `id-${i}`);
    }
  }
});

function configuration(cgroup: string, sinkPort: number): string {
  return toSink(sinkPort, { ebpf: { processes: { cgroups: [cgroup] }, tcp: { enabled: false } } });
}
