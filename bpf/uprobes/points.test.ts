/** Checks the choice of instructions on small functions written down by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EntryOptions, entryPoint } from './entry.ts';
import { callPoints, resultCookie } from './point.ts';
import { type ResultOptions, type ResultPoint, resultPoints } from './results.ts';

const code = (text: string) => Buffer.from(text.replaceAll(/\s+/g, ''), 'hex');

test('entries: the first emulated instruction that every call passes once, arguments untouched', () => {
  const cases: [
    name: string,
    code: string,
    options: EntryOptions,
    offset: number,
    execution: string,
    atReturn: boolean,
  ][] = [
    ['push %rbp', '55 c3', { keep: ['rdi'] }, 0, 'push', true],
    ['endbr64; push', 'f30f1efa 53 5b c3', { keep: ['rdi'] }, 4, 'push', true],
    [
      'sub $8,%rsp; test %edx,%edx; js',
      '4883ec08 85d2 7805 4883c408c3 c3',
      { keep: ['rdi', 'rdx'] },
      6,
      'branch',
      false,
    ],
    ['the same for a return', '4883ec08 85d2 7805 4883c408c3 c3', { keep: [], forReturn: true }, 0, 'step', true],
    ['mov %rsi,%rdi; push: the argument is gone', '4889f7 55 5d c3', { keep: ['rdi'] }, 0, 'step', true],
    ['mov %rsi,%rdi; push: it is not needed', '4889f7 55 5d c3', { keep: ['rsi'] }, 3, 'push', true],
    ['a loop comes back to the push', '4831c0 55 85c0 74fb c3', { keep: ['rdi'] }, 0, 'step', true],
    ['nothing is emulated', '4883ec08 4883c408 c3', { keep: ['rdi'] }, 0, 'step', true],
    ['call: arguments are there', '4883ec08 e800010000 4883c408 c3', { keep: ['rdi', 'rsi'] }, 4, 'call', false],
    [
      'Go: behind the check of the stack',
      '493b6610 760a 55 4889e5 5d c3 e800000000 ebed',
      { keep: ['rax'], go: true },
      6,
      'push',
      true,
    ],
    [
      'Go: the check itself if nothing follows',
      '493b6610 7605 4883ec18 c3 ebf4',
      { keep: ['rax'], go: true },
      4,
      'branch',
      true,
    ],
    ['Go: another branch is not passed', '4839d8 7602 55 5d c3', { keep: ['rax'], go: true }, 3, 'branch', true],
    ['bytes that are no code', '06 06', { keep: [] }, 0, 'step', true],
  ];
  for (const [name, text, options, offset, execution, atReturnAddress] of cases) {
    assert.deepEqual(entryPoint(code(text), options), { offset, execution, atReturnAddress }, name);
  }
});

const rax = { kind: 'register', register: 0 } as const;
const rcx = { kind: 'register', register: 1 } as const;

test('results: one point on each way out that has one', () => {
  const cases: [name: string, code: string, options: ResultOptions, points: ResultPoint[] | undefined][] = [
    [
      'the branch to __stack_chk_fail, which does not come back',
      '4883ec18 e800010000 85c0 7505 4883c418 c3 e800010000',
      {},
      [{ offset: 11, execution: 'branch', place: rax }],
    ],
    [
      'a way with -1 needs none',
      '85f6 7808 e800010000 6690 c3 83c8ff c3',
      {},
      [{ offset: 9, execution: 'nop', place: rax }],
    ],
    [
      'a way with 1 needs one',
      '85f6 7808 e800010000 6690 c3 b801000000 c3',
      {},
      [
        { offset: 9, execution: 'nop', place: rax },
        { offset: 17, execution: 'step', place: rax },
      ],
    ],
    ['only ret', '89f8 c3', {}, [{ offset: 2, execution: 'step', place: rax }]],
    ['a jump to another function', '85ff 7401 c3 e900010000', {}, undefined],
    ['a jump by register', '85ff 7401 c3 ffe0', {}, undefined],
    [
      'not in a loop, where it would count twice',
      '4889c8 ffcf 75fc 4883c408 c3',
      {},
      [{ offset: 11, execution: 'step', place: rax }],
    ],
    [
      'through the stack and back, in Go',
      // je; mov %rcx,0x20(%rsp); call *%rdx; mov 0x20(%rsp),%rax; ret
      '4885c9 7400 48894c2420 ffd2 488b442420 c3',
      { go: true, fills: new Set() },
      [{ offset: 3, execution: 'branch', place: rcx }],
    ],
    [
      'not through a call in C, whose callee may change it',
      '4885c9 7400 48894c2420 ffd2 488b442420 c3',
      {},
      [{ offset: 17, execution: 'step', place: rax }],
    ],
    [
      'not before the function that fills the buffer',
      // je; mov %rcx,8(%rsp); call fill; mov 8(%rsp),%rcx; je; mov %rcx,%rax; ret
      '4885c9 7400 48894c2408 e8f2000000 488b4c2408 7400 4889c8 c3',
      { go: true, fills: new Set([0x101]) },
      [{ offset: 20, execution: 'branch', place: rcx }],
    ],
    [
      'a callee that does not come back is no way on',
      // je 10; mov %rcx,%rax; jmp 15; (10:) call panic; (15:) ret
      '4885c9 7405 4889c8 eb05 e8f1000000 c3',
      { go: true, endless: new Set([0x100]), fills: new Set() },
      [{ offset: 3, execution: 'branch', place: rcx }],
    ],
    ['bytes that are no code', '06', {}, undefined],
  ];
  for (const [name, text, options, points] of cases) assert.deepEqual(resultPoints(code(text), options), points, name);
});

test('a C call: a return probe where it is cheap, a branch on the way out, or one step for both', () => {
  const programs = { enter: 'enter', leave: 'leave', keep: ['rdi', 'rdx'] } as const;
  const cases: [name: string, code: string, points: string[]][] = [
    ['push %rbx', '53 e800010000 5b c3', ['enter plain 0 push', 'leave return 0 push']],
    [
      'sub, test, js; the check of the stack at the end',
      '4883ec18 85d2 780e e800010000 85c0 7509 4883c418 c3 31c0 ebf5 e800010000',
      ['enter plain 6 branch', 'leave plain 15 branch'],
    ],
    ['no way out that is cheap', '4883ec08 e800010000 4883c408 c3', ['enter plain 0 step', 'leave return 0 step']],
    [
      'a jump to another function',
      '4883ec08 85d2 7405 4883c408 c3 4883c408 e900010000',
      ['enter plain 0 step', 'leave return 0 step'],
    ],
  ];
  for (const [name, text, expected] of cases) {
    const points = callPoints({ symbol: 'call', offset: 0, bytes: code(text) }, programs);
    assert.deepEqual(
      points.map(
        ({ program, isReturn, offset, execution }) =>
          `${program} ${isReturn ? 'return' : 'plain'} ${offset} ${execution}`,
      ),
      expected,
      name,
    );
  }
});

test('cookies tell where a result lies', () => {
  assert.equal(resultCookie(rax), 0n);
  assert.equal(resultCookie({ kind: 'register', register: 15 }), 15n);
  assert.equal(resultCookie({ kind: 'memory', register: 4, displacement: 0x50 }), 0x50_0000_0104n);
  assert.equal(resultCookie({ kind: 'memory', register: 5, displacement: -0x58 }), 0xffff_ffa8_0000_0105n);
});

test('any bytes: an answer in time, at a byte of the function', () => {
  let seed = 24;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 24;
  };
  // Mostly jumps and moves, so that there is much to follow.
  const likely = [0x74, 0x75, 0xeb, 0x89, 0x8b, 0xc8, 0x90, 0x55, 0x5d, 0xc3, 0x31, 0x48, 0xc0, 0x02, 0xf8, 0x10];
  const begun = process.threadCpuUsage();
  let answers = 0;
  for (let round = 0; round < 4000; round++) {
    const bytes = Buffer.from(
      Array.from({ length: 8 + random() }, () => (random() < 32 ? random() : likely[random() & 15]!)),
    );
    const entry = entryPoint(bytes, { keep: ['rdi'], go: round % 2 === 0 });
    assert.ok(entry.offset < bytes.length);
    for (const point of resultPoints(bytes, { go: round % 2 === 0 }) ?? []) {
      assert.ok(point.offset < bytes.length);
      answers++;
    }
  }
  assert.ok(answers > 20, `${answers}`);
  assert.ok(process.threadCpuUsage(begun).user < 20e6);
});

test('code made to keep us busy: 64 KiB of branches, forward, backward, and to each other', () => {
  const branches: [name: string, pair: [number, number]][] = [
    ['to the next', [0x74, 0]],
    ['far ahead', [0x74, 0x7e]],
    ['back', [0x74, 0x80]],
    ['pushes', [0x55, 0x55]],
    ['moves of the result', [0x89, 0xc8]],
  ];
  for (const [name, pair] of branches) {
    for (const size of [4000, 16_000, 65_536]) {
      const bytes = Buffer.alloc(size, Buffer.from(pair));
      // Returns here and there.
      for (let at = 500; at < size; at += 500) bytes.set([0xc3, 0x90], at);
      const begun = process.threadCpuUsage();
      entryPoint(bytes, { keep: ['rdi'], go: true });
      resultPoints(bytes, { go: true });
      const { user } = process.threadCpuUsage(begun);
      assert.ok(user < 2e6, `${name} ${size}: ${user} us`);
    }
  }
});
