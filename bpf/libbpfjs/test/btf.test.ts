import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Btf, readBtf, readLayout } from '../src/index.ts';
import { fixturePath } from './fixture.ts';

test('reads fields of structs as clang laid them out', () => {
  const { size, fields } = readLayout(fixturePath(), 'shapes');
  const lines = fields.map(
    ({ name, offset, size, count, signed, typeName, bits }) =>
      `${name} ${offset}+${size} x${count}${signed ? ' signed' : ''}${typeName && ` ${typeName}`}${bits ? ` ${bits.shift}:${bits.width}` : ''}`,
  );
  // Offsets by the rules of the C ABI for x86-64 and arm64.
  assert.deepEqual(lines, [
    'first 0+1 x1',
    'nested 4+24 x3 inner',
    'grid 28+16 x4',
    'whole 48+8 x1',
    'low 48+4 x1',
    'high 52+4 x1',
    'three 56+4 x1 0:3',
    'nine 56+4 x1 3:9',
    'pointer 64+8 x1',
    'sign 72+4 x1 signs',
    'last 80+8 x1 signed',
  ]);
  assert.equal(size, 88);
});

test('reads enums with signs and with 64 bits', () => {
  const btf = readBtf(fixturePath());
  assert.deepEqual(
    [...btf.enumeration('signs')!],
    [
      ['SIGN_MINUS', -5],
      ['SIGN_PLUS', 5],
    ],
  );
  assert.equal(btf.enumeration('shapes'), undefined);
  assert.equal(btf.layout('signs'), undefined);
  // By hand, because clang 16 writes wide enums as narrow ones: one ENUM64 "e" of 8 bytes with "v" = 2^40 + 1.
  const header = '9feb0100 18000000 00000000 18000000 18000000 05000000';
  const type = '01000000 01000013 08000000 03000000 01000000 00010000';
  const wide = new Btf(Buffer.from(`${header} ${type} 00 65 00 76 00`.replaceAll(' ', ''), 'hex'));
  assert.deepEqual([...wide.enumeration('e')!], [['v', (1n << 40n) + 1n]]);
});

test('reads the types of the running kernel', () => {
  const bytes = readFileSync('/sys/kernel/btf/vmlinux');
  const btf = new Btf(bytes);
  const task = btf.layout('task_struct')!;
  const comm = task.fields.find((field) => field.name === 'comm')!;
  assert.deepEqual([comm.size, comm.count], [16, 16]);
  assert.ok(btf.enumeration('bpf_map_type')!.get('BPF_MAP_TYPE_RINGBUF') === 27);
});

test('says which file lacks what', () => {
  const path = fixturePath();
  assert.throws(() => readLayout(path, 'nonsense'), /fixture\.bpf\.o: no struct or union nonsense in its BTF/);
  assert.throws(() => readLayout(import.meta.filename, 'shapes'), /btf\.test\.ts is no little-endian ELF64 file/);
  const cut = `${path}.cut`;
  writeFileSync(cut, readFileSync(path).subarray(0, 100));
  assert.throws(() => readLayout(cut, 'shapes'), /section table points outside of the file/);
});

test('survives BTF that is cut or damaged anywhere', () => {
  const whole = readFileSync(fixturePath());
  const btf = findBtf(whole);
  for (let length = 0; length < btf.length; length += 7) {
    try {
      new Btf(btf.slice(0, length)).layout('shapes');
    } catch (error) {
      assert.ok(error instanceof Error, `cut at ${length}`);
    }
  }
  for (let at = 24; at < btf.length; at += 3) {
    const damaged = btf.slice();
    damaged[at] = 0xff;
    try {
      const found = new Btf(damaged);
      found.layout('shapes');
      found.enumeration('signs');
      found.variables();
    } catch (error) {
      assert.ok(error instanceof Error && !error.message.includes('Maximum call stack'), `damaged at ${at}: ${error}`);
    }
  }
});

/** The section that begins with BTF's magic number, header length 24 and version 1. */
function findBtf(file: Uint8Array): Uint8Array {
  const at = Buffer.from(file).indexOf(Buffer.from('9feb010018000000', 'hex'));
  assert.ok(at > 0, join('no BTF in the fixture'));
  const view = new DataView(file.buffer, file.byteOffset + at);
  return file.slice(at, at + 24 + view.getUint32(16, true) + view.getUint32(20, true));
}
