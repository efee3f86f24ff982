import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BpfError, createMap, openObject } from '../src/index.ts';
import { countAt, fixturePath, forbidden, openFixture } from './fixture.ts';

const u32 = (number: number) => new Uint32Array([number]);

test('tells what is in an object before it is loaded', () => {
  const object = openObject(fixturePath());
  assert.ok(object.programs.includes('on_tp_btf'));
  assert.ok(object.maps.includes('table'));
  const { type, keySize, valueSize, maxEntries } = object.map('table');
  assert.deepEqual([type, keySize, valueSize, maxEntries], ['hash', 8, 4, 4]);
  assert.equal(object.program('on_clock').type, 'perf_event');
  assert.equal(object.program('on_clock').section, 'perf_event');
  assert.throws(() => object.program('on_clock').fd, { code: 'EBADF', message: /load\(\) was not called/ });
  assert.throws(() => object.program('nothing'), { code: 'ENOENT', message: /only on_tp_btf, / });
  assert.throws(() => object.map('nothing'), { code: 'ENOENT' });
  object.close();
});

test('closes twice, and is not usable then', () => {
  const object = openObject(fixturePath());
  object.close();
  object.close();
  assert.throws(() => object.load(), { code: 'EBADF' });
  assert.throws(() => object.map('table'), { code: 'EBADF' });
  assert.throws(() => object.setRodata('only_pid', 1), { code: 'EBADF' });
});

test('names a file that is missing or no object', () => {
  assert.throws(() => openObject('/nowhere/x.bpf.o'), { code: 'ENOENT', operation: 'opening /nowhere/x.bpf.o' });
  assert.throws(
    () => openObject(import.meta.filename),
    (error: BpfError) => {
      assert.ok(error instanceof BpfError);
      assert.match(error.message, /object\.test\.ts/);
      return true;
    },
  );
});

test('checks what constants are set to', () => {
  const object = openObject(fixturePath());
  object.setRodata('only_pid', 0xffff_ffff);
  object.setRodata('wide', 0xffff_ffff_ffff_ffffn);
  object.setRodata('negative', -32_768);
  object.setRodata('bytes', new Uint8Array([4, 3, 2, 1]));
  assert.throws(() => object.setRodata('only_pid', 2 ** 32), {
    code: 'ERANGE',
    message: /does not fit into its 4 bytes/,
  });
  assert.throws(() => object.setRodata('negative', -32_769), { code: 'ERANGE' });
  assert.throws(() => object.setRodata('bytes', new Uint8Array(5)), {
    code: 'ERANGE',
    message: /it has 4 bytes and 5/,
  });
  assert.throws(() => object.setRodata('written', 1), { code: 'ENOENT' });
  assert.throws(() => object.setRodata('nothing', 1), { code: 'ENOENT', message: /fixture\.bpf\.o: setting nothing/ });
  object.close();
});

test('programs see the constants they were given', { skip: forbidden }, (t) => {
  const nobody = openFixture(t);
  // No process has this number: pid_max is at most 2^22.
  nobody.setRodata('only_pid', 0x7fff_ffff);
  nobody.load();
  const own = openFixture(t);
  own.setRodata('only_pid', process.pid);
  own.load();
  const links = [nobody, own].map((object) => object.program('on_tp_btf').attach({ kind: 'auto' }));
  for (let i = 0; i < 100; i++) process.memoryUsage.rss();
  for (const link of links) link.detach();
  assert.equal(countAt(nobody.map('runs'), 'tp_btf'), 0);
  assert.ok(countAt(own.map('runs'), 'tp_btf') > 50);
});

test('constants are fixed once loaded', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.load();
  assert.throws(() => object.setRodata('only_pid', 1), { code: 'EBUSY' });
  assert.throws(() => object.setMaxEntries('table', 8), { code: 'EBUSY' });
});

test('a refused program is named, with the end of the verifier’s log', { skip: forbidden }, () => {
  for (const options of [{}, { verifierLog: 'stats' }, { verifierLog: 'all' }] as const) {
    const object = openObject(fixturePath(), options);
    object.setExpectedAttachType('on_multi', 'uprobe_multi');
    assert.throws(
      () => object.load(),
      (error: BpfError) => {
        assert.ok(error instanceof BpfError);
        assert.equal(error.program, 'refused');
        assert.equal(error.code, 'EACCES');
        assert.match(error.log, /invalid mem access/);
        assert.match(error.message, /fixture\.bpf\.o \(program refused\)[\s\S]*invalid mem access/);
        return true;
      },
    );
    object.close();
  }
});

test('gives the verifier’s log of programs that pass, when asked to keep it', { skip: forbidden }, (t) => {
  const silent = openFixture(t);
  silent.load();
  assert.equal(silent.program('on_tp_btf').log(), '');
  const stats = openFixture(t, { verifierLog: 'stats' });
  stats.load();
  assert.match(stats.program('on_tp_btf').log(), /processed \d+ insns/);
  const all = openFixture(t, { verifierLog: 'all' });
  all.load();
  assert.match(all.program('on_tp_btf').log(), /call bpf_map_lookup_elem/);
});

test('tells what the kernel knows of a program', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.load();
  const { id, verifiedInstructions, runCount } = object.program('write_record').info();
  assert.ok(id > 0 && verifiedInstructions > 10, `${id} ${verifiedInstructions}`);
  assert.equal(runCount, 0);
  const run = object.program('write_record').testRun({ data: new Uint8Array(64), repeat: 10 });
  assert.equal(run.returned, 1);
  assert.throws(() => object.program('on_clock').testRun(), { code: 'ENOTSUPP' });
  assert.throws(() => object.program('refused').fd, { code: 'EBADF' });
});

test('one object uses the map of another', { skip: forbidden }, (t) => {
  const first = openFixture(t);
  first.load();
  const second = openFixture(t);
  second.reuseMap('table', first.map('table').fd);
  second.load();
  const key = new BigUint64Array([7n]);
  first.map('table').update(key, u32(42));
  assert.deepEqual([...second.map('table').lookup(key)!], [42, 0, 0, 0]);
  const third = openFixture(t);
  assert.throws(() => third.reuseMap('table', 1_000_000), { code: 'EBADFD' });
});

test('sizes of maps are set before load', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.setMaxEntries('table', 100);
  object.setMaxEntries('ring', 1 << 20);
  object.load();
  assert.equal(object.map('table').maxEntries, 100);
  for (let i = 0n; i < 100n; i++) object.map('table').update(new BigUint64Array([i]), u32(1));
  assert.throws(() => object.map('table').update(new BigUint64Array([100n]), u32(1)), { code: 'E2BIG' });
  assert.equal(object.map('ring').maxEntries, 1 << 20);
});

test('a map that belongs to no object', { skip: forbidden }, (t) => {
  const map = createMap({ name: 'shared', type: 'hash', keySize: 8, valueSize: 4, maxEntries: 4 });
  const object = openFixture(t);
  object.reuseMap('table', map.fd);
  object.load();
  map.update(new BigUint64Array([1n]), u32(5));
  assert.deepEqual([...object.map('table').lookup(new BigUint64Array([1n]))!], [5, 0, 0, 0]);
  map.close();
});
