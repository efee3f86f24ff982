/** Reads ELF files of this machine, files built to mislead, and files that were damaged at random. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildC, hasProgram, temporaryFolder } from '../testing/builds.ts';
import { importCalls } from '../uprobes/import-calls.ts';
import { readTlsExecutable, readTlsLibrary } from '../uprobes/tls-file.ts';
import { ElfError, openElf, withElf } from './file.ts';
import { readGoBuildInfo } from './go-build-info.ts';
import { findGoFunctions } from './gopclntab.ts';
import { findFunctions } from './symbols.ts';

const folder = temporaryFolder('elf');
after(folder.remove);
const at = (name: string) => join(folder.path, name);
const gcc = hasProgram('gcc', '--version') ? false : 'there is no C compiler here to build with';

const source = `
#include <stdio.h>
int SSL_read(void *ssl, void *buffer, int size) { return printf("%p %p", ssl, buffer) + size; }
int BIO_SSL_read(void *ssl) { return SSL_read(ssl, ssl, 1); }
int SSL_write(void *ssl, const void *buffer, int size) { return SSL_read(ssl, (void *)buffer, size); }
int main(void) { return BIO_SSL_read(0) + SSL_write(0, 0, 0); }
`;

test('functions lie where the linker says', { skip: gcc }, () => {
  const binary = buildC(folder.path, 'symbols', source, '-O1');
  const told = execFileSync('nm', ['-S', binary], { encoding: 'utf8' });
  withElf(binary, (file) => {
    const found = findFunctions(file, ['SSL_read', 'BIO_SSL_read', 'SSL_write', 'printf', 'absent']);
    assert.deepEqual([...found.keys()].sort(), ['BIO_SSL_read', 'SSL_read', 'SSL_write']);
    for (const { name, address, size, offset } of found.values()) {
      const line = told.split('\n').find((one) => one.endsWith(` T ${name}`))!;
      assert.deepEqual(
        line
          .split(' ')
          .slice(0, 2)
          .map((one) => Number.parseInt(one, 16)),
        [address, size],
      );
      assert.equal(file.fileOffset(address), offset);
      assert.deepEqual(file.readAddress(address, size), file.read(offset, size));
    }
    assert.equal(readGoBuildInfo(file), undefined);
    assert.equal(findGoFunctions(file, ['main.main']), undefined);
  });
});

test('a stripped file names only what others link to', { skip: gcc }, () => {
  const binary = buildC(folder.path, 'stripped', source, '-O1', '-s');
  withElf(binary, (file) => assert.equal(findFunctions(file, ['SSL_read', 'main']).size, 0));
  const library = buildC(folder.path, 'library.so', source, '-O1', '-s', '-shared', '-fPIC');
  withElf(library, (file) => assert.equal(findFunctions(file, ['SSL_read', 'BIO_SSL_read']).size, 2));
});

test('an unlinked executable is still read by its process', () => {
  const copy = at('sleep');
  copyFileSync('/bin/sleep', copy);
  const child = execFileSync('/bin/sh', ['-c', `chmod +x ${copy}; ${copy} 20 >/dev/null 2>&1 & echo $!`], {
    encoding: 'utf8',
  });
  const pid = Number(child.trim());
  try {
    for (let wait = 0; wait < 50 && !readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(copy); wait++) {
      execFileSync('/bin/sleep', ['0.02']);
    }
    unlinkSync(copy);
    withElf(`/proc/${pid}/exe`, (file) => assert.ok(file.section('.text')));
  } finally {
    process.kill(pid);
  }
});

test('what is no ELF file says so, with its name', () => {
  const cases: [name: string, content: Buffer, message: RegExp][] = [
    ['empty', Buffer.alloc(0), /empty: it is no ELF file: it is shorter/],
    ['text', Buffer.alloc(200, '#!/bin/sh\n'), /text: it is no ELF file: it does not begin/],
    ['narrow', elf({ class: 1 }), /narrow: it is not 64-bit/],
    ['segments', elf({ segments: 0xffff }), /65535 segments are more/],
    ['outside', elf({ sectionsAt: 1 << 30, sections: 3 }), /bytes 1073741824 to .* are asked for, it has/],
    ['counted', elf({ sectionsAt: 64, sections: 0 }), /sections are more than/],
    ['entries', elf({ sectionsAt: 64, sections: 3, sectionSize: 8 }), /a section header has 8 bytes/],
  ];
  for (const [name, content, message] of cases) {
    writeFileSync(at(name), content);
    assert.throws(
      () => openElf(at(name)),
      (error) => error instanceof ElfError && message.test(error.message),
      name,
    );
  }
  assert.throws(() => openElf(folder.path), /no regular file/);
  execFileSync('mkfifo', [at('fifo')]);
  assert.throws(() => openElf(at('fifo')), /no regular file/);
});

test('a sparse file of a terabyte whose tables fill it is refused, not read', { skip: gcc }, () => {
  const binary = buildC(folder.path, 'sparse', source, '-O1');
  const sections = withElf(binary, (file) => ({ all: file.sections, at: Number(file.read(40, 8).readBigUInt64LE()) }));
  truncateSync(binary, 2 ** 40);
  const fd = openSync(binary, 'r+');
  for (const [index, { type }] of sections.all.entries()) {
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(2n ** 39n);
    if (type === 2 || type === 3) writeSync(fd, size, 0, 8, sections.at + index * 64 + 32);
  }
  closeSync(fd);
  const begun = process.threadCpuUsage();
  assert.throws(() => withElf(binary, (file) => findFunctions(file, ['SSL_read'])), ElfError);
  assert.ok(cpuMs(begun) < 1000);
});

test('damaged at random: an ElfError or an answer, in time', { skip: gcc }, () => {
  const binary = buildC(folder.path, 'damaged', source, '-O1', '-s', '-shared', '-fPIC');
  const whole = readFileSync(binary);
  let seed = 5;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const headers = withElf(binary, (file) => Number(file.read(40, 8).readBigUInt64LE()));
  let refused = 0;
  let longest = 0;
  for (let round = 0; round < 1500; round++) {
    const bytes = Buffer.from(whole);
    for (let change = 0; change <= round % 6; change++) {
      // Mostly headers: damage elsewhere is seldom noticed.
      const where = [random(64), 64 + random(600), headers + random(whole.length - headers), random(whole.length)][
        random(4)
      ]!;
      bytes[where] = [0, 0xff, 0x7f, 0x80, random(256)][random(5)]!;
    }
    writeFileSync(binary, round % 10 === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
    const begun = process.threadCpuUsage();
    try {
      withElf(binary, (file) => {
        readGoBuildInfo(file);
        findGoFunctions(file, ['runtime.newproc1']);
        readTlsExecutable(file);
        readTlsLibrary(file, 'libssl.so.3');
        readTlsLibrary(file, 'libgnutls.so.30');
        importCalls(file, { printf: 'called' });
      });
    } catch (error) {
      assert.ok(error instanceof ElfError, (error as Error).stack);
      refused++;
    }
    longest = Math.max(longest, cpuMs(begun));
  }
  assert.ok(refused > 100 && refused < 1400, `${refused} refused`);
  assert.ok(longest < 2000, `${longest} ms`);
});

/** A header of 64 bytes, and as many behind it. */
function elf({ class: width = 2, segments = 0, sectionsAt = 0, sections = 0, sectionSize = 64 }): Buffer {
  const bytes = Buffer.alloc(256, 0xff);
  bytes.fill(0, 0, 64);
  bytes.writeUInt32BE(0x7f454c46, 0);
  bytes[4] = width;
  bytes[5] = 1;
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeBigUInt64LE(BigInt(sectionsAt), 40);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(segments, 56);
  bytes.writeUInt16LE(sectionSize, 58);
  bytes.writeUInt16LE(sections, 60);
  return bytes;
}

/** Milliseconds of a processor since then; others use this machine too. */
function cpuMs(begun: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(begun);
  return (user + system) / 1000;
}
