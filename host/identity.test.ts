import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createIdentityReader, type ProcessIdentity } from './identity.ts';
import { createProcTree } from './testing/proc-tree.ts';

const tree = createProcTree();
after(() => tree.remove());
const id = '5f0e7b6c'.repeat(8);
const reader = createIdentityReader({ proc: tree.proc });

function attributeOf(identity: ProcessIdentity | undefined, name: string): unknown {
  return identity?.attributes.find(([key]) => key === name)?.[1];
}

test('a process in a container is described with the names of the conventions', () => {
  tree.add(700, {
    exe: '/usr/lib/jvm/java-17/bin/java',
    args: ['java', '-jar', '/srv/checkout-1.4.2.jar', '--db-password', 'hunter2'],
    parent: 650,
    start: 12_345,
    uid: 999,
    environ: [
      'OTEL_RESOURCE_ATTRIBUTES=service.namespace=shop,deployment.environment=prod,process.pid=1',
      'DB_PASSWORD=hunter2',
    ],
    cgroup: `0::/system.slice/docker-${id}.scope\n`,
    namespacePids: [700, 7],
    files: {
      '/etc/passwd': 'root:x:0:0:::\nann:x:999:999:::\n',
      '/usr/lib/jvm/java-17/release': 'IMPLEMENTOR="x"\nJAVA_VERSION="17.0.9"\n',
    },
  });
  assert.deepEqual(reader.read(700)?.attributes, [
    ['service.name', 'checkout'],
    ['service.version', '1.4.2'],
    ['service.namespace', 'shop'],
    ['deployment.environment', 'prod'],
    ['service.instance.id', attributeOf(reader.read(700), 'service.instance.id')],
    ['deployment.environment.name', 'prod'],
    ['process.pid', 700],
    ['process.executable.name', 'java'],
    ['process.parent_pid', 650],
    ['process.executable.path', '/usr/lib/jvm/java-17/bin/java'],
    ['process.command', 'java'],
    ['process.command_args', ['java', '-jar', '/srv/checkout-1.4.2.jar', '--db-password', '[redacted]']],
    ['process.args_count', 5],
    ['process.owner', 'ann'],
    ['process.creation.time', '2023-11-14T22:15:23.450Z'],
    ['process.vpid', 7],
    ['process.runtime.name', 'OpenJDK Runtime Environment'],
    ['process.runtime.version', '17.0.9'],
    ['container.id', id],
    ['container.runtime.name', 'docker'],
  ]);
});

test('the whole environment leaves no trace', () => {
  const identity = reader.read(700);
  assert.doesNotMatch(JSON.stringify(identity), /DB_PASSWORD|hunter2/);
});

test('workers are one instance with what forked them, or with all of their container', () => {
  const nginx = { exe: '/usr/sbin/nginx', args: ['nginx: worker process'] };
  const cgroup = `0::/docker/${id}\n`;
  const instances = (...pids: number[]) =>
    pids.map((pid) => String(attributeOf(reader.read(pid), 'service.instance.id')));
  tree.add(710, { ...nginx, cgroup });
  tree.add(711, { ...nginx, cgroup });
  tree.add(712, nginx);
  tree.add(713, { ...nginx, parent: 712 });
  tree.add(714, { ...nginx, parent: 712 });
  tree.add(715, nginx);
  tree.add(716, { ...nginx, parent: 712, environ: ['OTEL_SERVICE_NAME=other'] });
  const [inside, alsoInside, main, worker, otherWorker, other, named] = instances(710, 711, 712, 713, 714, 715, 716);
  assert.match(inside!, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(inside, alsoInside);
  assert.deepEqual([worker, otherWorker], [main, main]);
  assert.equal(new Set([inside, main, other, named]).size, 4);
});

test('a chain of parents without end is no endless loop', () => {
  tree.add(720, { exe: '/srv/a', parent: 721 });
  tree.add(721, { exe: '/srv/a', parent: 720 });
  assert.equal(reader.read(720)?.service.name, 'a');
});

test('an instance id that the process was given stays', () => {
  tree.add(714, { environ: ['OTEL_RESOURCE_ATTRIBUTES=service.instance.id=mine'] });
  assert.equal(attributeOf(reader.read(714), 'service.instance.id'), 'mine');
});

test('who knows more of an executable is asked about those that no language is known of', () => {
  const asking = createIdentityReader({
    proc: tree.proc,
    runtimeOf: ({ executable }) =>
      executable === '/srv/cart' ? { language: 'Go', name: 'go', version: 'go1.26.0' } : undefined,
  });
  tree.add(715, { exe: '/srv/cart' });
  const identity = asking.read(715);
  assert.equal(identity?.language, 'Go');
  assert.equal(attributeOf(identity, 'process.runtime.version'), 'go1.26.0');
  assert.equal(asking.read(712)?.language, '');
});

test('a process that is gone is undefined', () => {
  assert.equal(reader.read(99_999), undefined);
});
