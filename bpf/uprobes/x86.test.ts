/** Compares decoded lengths with objdump's, over code of this machine, and feeds the decoder nonsense. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { withElf } from '../elf/file.ts';
import { hasProgram } from '../testing/builds.ts';
import { executionOf } from './emulated.ts';
import { changedRegisters, type Register, registers } from './writes.ts';
import { decode, Instruction, maxInstruction } from './x86.ts';

const objdump = hasProgram('objdump', '--version') ? false : 'there is no objdump here to compare with';
const folder = '/usr/lib/x86_64-linux-gnu';
// Bounded: the first bytes of .text; data between functions (libcrypto has some) is no code.
const samples = [`${folder}/libssl.so.3`, `${folder}/libc.so.6`, `${folder}/libgnutls.so.30`, process.execPath];

for (const path of samples.filter((one) => existsSync(one))) {
  test(`lengths are objdump's: ${path.split('/').at(-1)}`, { skip: objdump }, () => {
    const text = withElf(path, (file) => file.section('.text')!);
    const size = Math.min(text.size, 400_000);
    const bytes = withElf(path, (file) => file.readSection(text, 0, size));
    const range = [`--start-address=${text.address}`, `--stop-address=${text.address + size}`];
    const listing = execFileSync('objdump', ['-d', '-w', '-z', '-j', '.text', ...range, path], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const instruction = new Instruction();
    let compared = 0;
    for (const [, address, code] of listing.matchAll(/^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)/gm)) {
      const at = Number.parseInt(address!, 16) - text.address;
      // The last one may be cut off by the range.
      if (at + maxInstruction > size) break;
      assert.ok(decode(bytes, at, instruction), `${address}: ${code}`);
      assert.equal(instruction.length, code!.trim().split(' ').length, `${address}: ${code}`);
      compared++;
    }
    assert.ok(compared > 20_000, `${compared} instructions`);
  });
}

test('vector instructions, which the samples hold few of', () => {
  const cases: [name: string, code: string][] = [
    ['vzeroupper', 'c5f877'],
    ['vpaddd %ymm1,%ymm2,%ymm3', 'c5edfed9'],
    ['vpshufd $0x1b,%xmm1,%xmm2', 'c5f970d11b'],
    ['vpalignr $8,(%rax),%ymm1,%ymm2', 'c4e3750f1008'],
    ['rorx $5,%rax,%rbx', 'c4e3fbf0d805'],
    ['vmovdqu64 0x40(%rsp),%zmm0', '62f1fe486f442401'],
    ['vpternlogd $0x96,%zmm1,%zmm2,%zmm3', '62f36d4825d996'],
    ['vfmadd231ph %zmm1,%zmm2,%zmm3', '62f66d48b8d9'],
    ['movabs $0x1122334455667788,%rax', '48b88877665544332211'],
    ['enter $0x10,$1', 'c8100001'],
    ['movabs 0x1122334455667788,%al', 'a08877665544332211'],
    ['test $0x1,%al (group)', 'f6c001'],
    ['neg %eax (group)', 'f7d8'],
    ['mov $0x1234,%ax', '66b83412'],
    ['endbr64', 'f30f1efa'],
    ['crc32 %rax,%rbx', 'f2480f38f1d8'],
  ];
  const instruction = new Instruction();
  for (const [name, code] of cases) {
    const bytes = Buffer.concat([Buffer.from(code, 'hex'), Buffer.alloc(16, 0x90)]);
    assert.ok(decode(bytes, 0, instruction), name);
    assert.equal(instruction.length, code.length / 2, name);
  }
});

test('changed registers', () => {
  const cases: [name: string, code: string, changes: Register[]][] = [
    ['mov %rsi,%rdx', '4889f2', ['rdx']],
    ['mov 0x8(%rdi),%rsi', '488b7708', ['rsi']],
    ['mov %rsi,0x8(%rdi)', '48897708', []],
    ['cmp %rdi,%rax', '4839f8', []],
    ['test %edx,%edx', '85d2', []],
    ['mov $1,%dh', 'b601', ['rdx', 'rsi']],
    ['xor %r8d,%r8d', '4531c0', ['r8']],
    ['sub $0x18,%rsp', '4883ec18', ['rsp']],
    ['push %r12', '4154', ['rsp']],
    ['pop %rdi', '5f', ['rdi', 'rsp']],
    ['lea -0x48(%rsp),%r12', '4c8d6424b8', ['r12']],
    ['movups %xmm15,0x30(%rsp)', '440f117c2430', []],
    ['lock cmpxchg %esi,0x350(%r8)', 'f0410fb1b050030000', ['rax']],
    ['cvttsd2si %xmm0,%rcx', 'f2480f2cc8', ['rcx']],
    ['cmove %rdi,%rsi', '480f44f7', ['rsi']],
    ['nopl (%rax)', '0f1f00', []],
  ];
  const instruction = new Instruction();
  for (const [name, code, changes] of cases) {
    assert.ok(decode(Buffer.from(code, 'hex'), 0, instruction), name);
    const set = changedRegisters(instruction);
    assert.deepEqual(registers.filter((_, index) => (set >> index) & 1).sort(), changes.sort(), name);
  }
});

test('what the kernel carries out itself', () => {
  const cases: [code: string, execution: string][] = [
    ['55', 'push'],
    ['4154', 'push'],
    ['6654', 'step'],
    ['90', 'nop'],
    ['6690', 'nop'],
    ['4190', 'step'],
    ['0f1f00', 'nop'],
    ['0f1f440000', 'nop5'],
    ['0f1f442400', 'step'],
    ['660f1f440000', 'nop'],
    ['740a', 'branch'],
    ['0f8410000000', 'branch'],
    ['e9fbffffff', 'branch'],
    ['e800000000', 'call'],
    ['e305', 'step'],
    ['f30f1efa', 'step'],
    ['4883ec18', 'step'],
    ['5d', 'step'],
    ['c3', 'step'],
    ['ffd0', 'step'],
  ];
  const instruction = new Instruction();
  for (const [code, execution] of cases) {
    const bytes = Buffer.from(code, 'hex');
    assert.ok(decode(bytes, 0, instruction), code);
    assert.equal(executionOf(instruction, bytes, 0), execution, code);
  }
});

test('nonsense: every answer is a length inside of the bytes, or none', () => {
  let seed = 20261121;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 24;
  };
  const instruction = new Instruction();
  const bytes = new Uint8Array(20);
  for (let round = 0; round < 200_000; round++) {
    for (let index = 0; index < bytes.length; index++) bytes[index] = random();
    // Half of them begin with what leads to the rarer maps.
    if (round % 2 === 0) bytes[0] = [0x0f, 0x62, 0xc4, 0xc5, 0x8f, 0x66, 0x48, 0xf3][(round >> 1) % 8]!;
    const length = 1 + (round % 20);
    const part = bytes.subarray(0, length);
    if (!decode(part, 0, instruction)) continue;
    assert.ok(instruction.length >= 1 && instruction.length <= Math.min(length, maxInstruction));
    const set = changedRegisters(instruction);
    assert.equal(set & 0xffff, set);
    executionOf(instruction, part, 0);
  }
  assert.equal(decode(Buffer.alloc(15, 0x66), 0, instruction), false);
  assert.equal(decode(new Uint8Array(), 0, instruction), false);
});
