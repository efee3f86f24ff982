import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SocketsProgram } from '../../bpf/programs/sockets/sockets.ts';
import type { FromThread } from '../../component/capture/messages.ts';
import { tellBegin } from './begin.ts';
import { addCgroups } from './cgroups.ts';
import { config } from './config.ts';

function told(options: object, change: { hook?: SocketsProgram['hook']; tcp?: boolean; errors?: string[] } = {}) {
  const posted: FromThread[] = [];
  const beginning = { config: config.parse(options), hook: 'tp_btf', tcp: true, errors: [], ...change } as const;
  tellBegin(beginning, (message) => posted.push(message));
  return posted;
}

test('one line says that capture works, by what, and what is on', () => {
  assert.deepEqual(told({}), [
    {
      type: 'log',
      level: 'info',
      message: 'Capturing system calls',
      fields: { hook: 'tp_btf', sees: 'calls, TLS, Go, TCP connections, files, processes', ring_bytes: 16 << 20 },
    },
    { type: 'status', status: 'ok' },
  ]);
  const seen = ([line]: FromThread[]) => line?.type === 'log' && line.fields.sees;
  assert.equal(seen(told({ files: { mode: 'off' } }, { hook: 'raw_tp', tcp: false })), 'calls, TLS, Go, processes');
  assert.equal(seen(told({ tls: { enabled: false }, processes: { events: false } })), 'calls, TCP connections, files');
});

test('a cgroup that is not there leaves the rest at work, and the component says so', () => {
  const errors = addCgroups({} as SocketsProgram, ['/sys/fs/cgroup/no-such.slice']);
  const [, status] = told({}, { errors });
  assert.ok(status?.type === 'status' && status.status === 'recoverable_error');
  assert.match(status.message!, /^processes::cgroups: \/sys\/fs\/cgroup\/no-such\.slice is no folder .*; correct it/);
});
