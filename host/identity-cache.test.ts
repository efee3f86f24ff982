import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createIdentityCache, type ToldOfExec } from './identity-cache.ts';
import { createProcTree } from './testing/proc-tree.ts';

const tree = createProcTree();
after(() => tree.remove());

let clockMs = 0;
const cache = (more: { maxEntries?: number } = {}) =>
  createIdentityCache({ proc: tree.proc, maxEntries: 100, graceMs: 10_000, now: () => clockMs, ...more });

const zeroEnded = (...texts: string[]) => Buffer.from(texts.map((text) => `${text}\0`).join(''));
const told = (path: string, args: string[] = [], environment: string[] = []): ToldOfExec => ({
  path,
  parentPid: 0,
  commandLine: zeroEnded(...args),
  environment: zeroEnded(...environment),
});

test('a process is read once, and its key stays', () => {
  const who = cache();
  tree.add(10, { exe: '/srv/cart' });
  const first = who.identify(10, 100)!;
  tree.end(10);
  assert.equal(first.service.name, 'cart');
  assert.equal(who.identify(10, 200), first);
});

test('late events of a process that ended are still its own, until the grace is over', () => {
  const who = cache();
  tree.add(11, { exe: '/srv/cart' });
  const { key } = who.identify(11, 100)!;
  who.onExit(11, 500);
  tree.end(11);
  clockMs += 9_999;
  assert.deepEqual(who.sweep(), []);
  assert.equal(who.identify(11, 400)?.service.name, 'cart');
  assert.equal(who.identify(11, 501)?.service.name, 'cart', 'sent while the process was ending');
  assert.equal(who.identify(11), undefined, 'but it is nobody now');
  clockMs += 1;
  assert.deepEqual(who.sweep(), [key]);
  assert.equal(who.identify(11, 400), undefined);
  assert.equal(who.size, 0);
});

test('a pid that is used again is another process, and events before are of the one before', () => {
  const who = cache();
  tree.add(12, { exe: '/srv/old', start: 1000 });
  const old = who.identify(12, 100)!;
  who.onExit(12, 500);
  tree.add(12, { exe: '/srv/new', start: 2000 });
  assert.equal(who.identify(12, 600)?.service.name, 'new');
  assert.equal(who.identify(12, 400)?.service.name, 'old');
  assert.equal(who.identify(12)?.service.name, 'new');
  clockMs += 10_000;
  assert.deepEqual(who.sweep(), [old.key]);
  assert.equal(who.identify(12, 400)?.service.name, 'new', 'nobody else is known');
});

test('a pid that is used again without our being told is found out', () => {
  const who = cache();
  tree.add(13, { exe: '/srv/old', start: 1000 });
  who.identify(13, 100);
  tree.add(13, { exe: '/srv/new', start: 2000 });
  assert.equal(who.identify(13, 200)?.service.name, 'old');
  clockMs += 5_000;
  assert.equal(who.identify(13, 300)?.service.name, 'new');
});

test('exec in place gives a new key; what came before keeps the old name', () => {
  const who = cache();
  tree.add(14, { exe: '/bin/sh', args: ['sh', '-c', 'exec cart'] });
  const before = who.identify(14, 100)!;
  tree.add(14, { exe: '/srv/cart' });
  const renewed = who.onExec(14, 200, told('/srv/cart'));
  assert.notEqual(renewed.key, before.key);
  assert.equal(who.identify(14, 150), before);
  assert.equal(who.identify(14, 250), renewed);
  tree.add(14, { exe: '/srv/cart2' });
  const again = who.onExec(14, 300, told('/srv/cart2'));
  assert.notEqual(again.key, renewed.key);
  assert.deepEqual(
    [150, 250, 350].map((at) => who.identify(14, at)?.service.name),
    ['sh', 'cart', 'cart2'],
  );
});

test('a process that is gone before it can be read has the name it was executed by, and the container of its cgroup', () => {
  const who = cache();
  const id = 'ab'.repeat(32);
  tree.add(15, { exe: '/srv/cart', cgroup: `0::/docker/${id}\n` });
  who.onExec(15, 100, told('/srv/cart'), '77');
  const short = who.onExec(16, 200, told('/usr/bin/true'), '77');
  who.onExit(16, 300);
  assert.equal(who.identify(16, 250), short);
  assert.deepEqual(
    short.attributes.filter(([name]) => !name.startsWith('service.instance')),
    [
      ['service.name', 'true'],
      ['process.pid', 16],
      ['process.executable.name', 'true'],
      ['process.executable.path', '/usr/bin/true'],
      ['container.id', id],
      ['container.runtime.name', 'docker'],
    ],
  );
});

test('what a process that is gone was given when it was executed names it', () => {
  const who = cache();
  const named = who.onExec(17, 100, told('/usr/bin/curl', ['curl', '-s'], ['A=b', 'OTEL_SERVICE_NAME=probe']));
  assert.equal(named.service.name, 'probe');
  assert.deepEqual(named.facts.args, ['curl', '-s']);
  const script = who.onExec(18, 100, told('/srv/mailer.py', ['/usr/bin/python3', '/srv/mailer.py', 'now']));
  assert.equal(script.service.name, 'mailer');
  assert.equal(script.language, 'Python');
});

test('a child that executes nothing is as its parent, also when it is gone, and with a pid that another had', () => {
  const who = cache();
  tree.add(31, { exe: '/srv/forker' });
  who.onExec(32, 10, told('/srv/before'));
  who.onFork(31, 32, 100);
  const child = who.identify(32, 110)!;
  assert.equal(child.service.name, 'forker');
  assert.equal(new Map(child.attributes).get('process.pid'), 32);
  assert.equal(new Map(child.attributes).get('process.parent_pid'), 31);
  assert.equal(who.identify(32, 50)!.service.name, 'before');
  who.onFork(32, 33, 120);
  who.onExit(32, 130);
  tree.end(31);
  assert.equal(who.identify(33, 140)!.service.name, 'forker', 'a child of a child');
  assert.notEqual(who.identify(33, 140)!.key, child.key);
});

test('when processes start faster than they can be read, those that do something are read when they do', () => {
  const who = cache({ maxEntries: 10_000 });
  clockMs = Math.ceil(clockMs / 1000) * 1000 + 1000;
  for (let pid = 2000; pid < 2200; pid++) who.onExec(pid, 100, told('/bin/true'));
  tree.add(2300, { exe: '/usr/bin/node', args: ['node', '/srv/a/mailer.js'] });
  const guess = who.onExec(2300, 100, told('/usr/bin/node'));
  assert.equal(guess.service.name, 'node');
  const read = who.identify(2300, 200)!;
  assert.equal(read.service.name, 'mailer');
  assert.notEqual(read.key, guess.key);
  assert.equal(who.identify(2300, 300), read);
  clockMs += 1000;
  assert.equal(who.onExec(2300, 400, told('/usr/bin/node')).service.name, 'mailer');
});

test('a pid that nobody has is not looked for again and again', () => {
  const who = cache();
  assert.equal(who.identify(17, 100), undefined);
  tree.add(17, { exe: '/srv/cart' });
  assert.equal(who.identify(17, 101), undefined);
  clockMs += 1_000;
  assert.equal(who.identify(17, 102)?.service.name, 'cart');
});

test('it holds no more than it may, the least recently used go', () => {
  const who = cache({ maxEntries: 3 });
  for (const pid of [20, 21, 22]) tree.add(pid, { exe: `/srv/p${pid}` });
  for (const pid of [20, 21, 22]) who.identify(pid);
  who.identify(20);
  for (let pid = 1000; pid < 1002; pid++) who.onExec(pid, 100, told('/bin/true'));
  assert.equal(who.size, 3);
  for (const pid of [20, 21, 22]) tree.end(pid);
  assert.equal(who.identify(20)?.service.name, 'p20');
  assert.equal(who.identify(21), undefined);
});

test('ten thousand short processes leave nothing behind', () => {
  const who = cache();
  for (let pid = 100_000; pid < 110_000; pid++) {
    who.onExec(pid, pid, told('/bin/true'), String(pid));
    who.onExit(pid, pid + 1);
  }
  assert.equal(who.size, 100);
  clockMs += 10_000;
  assert.equal(who.sweep().length, 100);
  assert.equal(who.size, 0);
});
