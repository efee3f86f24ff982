/** Finds the TLS of running processes, of copies that were deleted, and of a process file system made up for the test. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { withElf } from '../elf/file.ts';
import { buildC, hasProgram, temporaryFolder } from '../testing/builds.ts';
import { createLibraryFinder, type TlsLibrary } from './libraries.ts';
import { mappedFiles } from './mapped-files.ts';
import { isTlsName } from './tls-file.ts';

const folder = temporaryFolder('libraries');
after(folder.remove);
const gcc = hasProgram('gcc', '--version') ? false : 'there is no C compiler here to build with';
const libssl = ['/usr/lib/x86_64-linux-gnu/libssl.so.3', '/usr/lib64/libssl.so.3'].find((path) => existsSync(path));

/** Starts a program that prints a line when it is ready, and waits for it; ends it after the test. */
async function start(t: TestContext, command: string, ...args: string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await new Promise((done) => child.stdout.once('data', done));
  return child.pid!;
}

const brief = ({ kind, covered, path }: TlsLibrary) => `${kind} ${covered} ${path.split('/').at(-1)}`;

test('this Node.js has OpenSSL inside, of the version it tells', () => {
  const found = createLibraryFinder().find(process.pid);
  assert.equal(found.length, 1);
  assert.equal(found[0]!.kind, 'openssl');
  assert.equal(found[0]!.covered, true);
  assert.equal(found[0]!.path, process.execPath);
  assert.equal(found[0]!.version, process.versions.openssl.split('+')[0]);
  // What is attached is what was read.
  withElf(found[0]!.open, (file) => assert.equal(file.size, statSync(process.execPath).size));
});

test('Python with its ssl: its module, which helps, and the shared library, with the version of the libcrypto beside it', async (t) => {
  if (!hasProgram('/usr/bin/python3', '-c', 'import ssl')) return t.skip('there is no Python with ssl here');
  const pid = await start(t, '/usr/bin/python3', '-u', '-c', 'import ssl, time; print(1); time.sleep(60)');
  const found = createLibraryFinder().find(pid);
  const told = execFileSync('/usr/bin/python3', ['-c', 'import ssl; print(ssl.OPENSSL_VERSION)'], { encoding: 'utf8' });
  assert.deepEqual(
    found.map(({ kind, version, covered }) => [kind, version, covered]),
    [
      ['python', undefined, true],
      ['python_ssl', undefined, true],
      ['openssl', told.split(' ')[1], true],
    ],
  );
});

test('a library that was deleted after it was mapped is still found and read', { skip: gcc }, async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root may open a deleted file by its mapping');
  if (libssl === undefined) return t.skip('there is no libssl here to copy');
  const source = `
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
int main(int count, char **arguments) {
  if (!dlopen(arguments[1], RTLD_NOW)) return 1;
  puts("ready"); fflush(stdout); sleep(60);
}`;
  const loader = buildC(folder.path, 'loader', source, '-ldl');
  const copy = join(folder.path, 'libssl.so.3');
  copyFileSync(libssl, copy);
  const pid = await start(t, loader, copy);
  unlinkSync(copy);
  // Another file takes its name: it is not the one that is mapped.
  writeFileSync(copy, 'not a library');
  const found = createLibraryFinder().find(pid);
  assert.deepEqual(found.map(brief), ['openssl true libssl.so.3']);
  assert.match(found[0]!.open, /map_files/);
  withElf(found[0]!.open, (file) => assert.equal(file.size, statSync(libssl).size));
});

/** A made-up /proc: process numbers, each with an executable and the files it has mapped. */
function makeProc(name: string, processes: Record<number, { exe: string; maps: string }>): string {
  const proc = join(folder.path, name);
  for (const [pid, { exe, maps }] of Object.entries(processes)) {
    mkdirSync(join(proc, pid), { recursive: true });
    symlinkSync(exe, join(proc, pid, 'exe'));
    symlinkSync('/', join(proc, pid, 'root'));
    writeFileSync(join(proc, pid, 'maps'), maps);
  }
  return proc;
}

function mapped(path: string): string {
  return `7f0000000000-7f0000001000 r-xp 00000000 08:01 ${statSync(path).ino}    ${path}\n`;
}

test('a thousand processes of one binary cost one look', () => {
  const processes = Object.fromEntries(
    Array.from({ length: 1000 }, (_, pid) => [pid + 1, { exe: process.execPath, maps: mapped(process.execPath) }]),
  );
  const finder = createLibraryFinder(makeProc('thousand', processes));
  for (let pid = 1; pid <= 1000; pid++) assert.equal(finder.find(pid)[0]?.kind, 'openssl');
  assert.deepEqual(finder.counts, { read: 1, known: 999 });
});

test('what is not covered is named, with the reason', { skip: gcc }, () => {
  const empty = 'int nothing;';
  const shared = ['-shared', '-fPIC', '-s'];
  const library = (name: string) => buildC(folder.path, name, empty, ...shared);
  const broken = join(folder.path, 'libssl.so.1.1');
  writeFileSync(broken, Buffer.alloc(300, 0x7f));
  const files = [
    library('libnss3.so'),
    library('libssl3.so'),
    library('libjvm.so'),
    library('libgnutls.so.30'),
    broken,
  ];
  const rust = buildC(
    folder.path,
    'rust',
    'const char *panic = "/root/registry/rustls-0.23.12/src/conn.rs"; int main(void) { return *panic; }',
    '-O1',
  );
  const hidden = buildC(
    folder.path,
    'hidden',
    'const char *text = "OpenSSL 3.2.1 30 Jan 2024"; int main(void) { return *text; }',
    '-O1',
  );
  const proc = makeProc('uncovered', {
    1: { exe: '/bin/sleep', maps: files.map(mapped).join('') },
    2: { exe: rust, maps: mapped(rust) },
    3: { exe: hidden, maps: mapped(hidden) },
  });
  const finder = createLibraryFinder(proc);
  const found = [1, 2, 3].flatMap((pid) => finder.find(pid));
  const expected: [kind: string, version: string | undefined, reason: RegExp][] = [
    ['nss', undefined, /NSS is not probed/],
    ['java', undefined, /JSSE/],
    ['gnutls', undefined, /gnutls_record_recv is not found/],
    ['openssl', undefined, /cannot be read: .*libssl\.so\.1\.1: it is no ELF file/],
    ['rustls', '0.23.12', /compiled into the program/],
    ['openssl', '3.2.1', /SSL_read is not found/],
  ];
  for (const [kind, version, reason] of expected) {
    const one = found.find((library) => library.kind === kind && library.version === version);
    assert.ok(one, `${kind}: ${found.map(brief)}`);
    assert.equal(one.covered, false);
    assert.match(one.reason, reason);
    assert.equal(one.points.length, 0);
  }
});

test('processes that are gone, and maps that are no maps, give nothing', () => {
  assert.deepEqual(createLibraryFinder().find(2 ** 30), []);
  const proc = makeProc('nonsense', {
    1: { exe: '/nowhere', maps: '' },
    2: { exe: '/bin/sleep', maps: 'x'.repeat(100_000) },
    3: { exe: '/bin/sleep', maps: '7f00-7f01 r-xp 0 08:01 1 /usr/lib/libssl.so.3/../../gone\n' },
  });
  const finder = createLibraryFinder(proc);
  for (const pid of [1, 2, 3]) assert.deepEqual(finder.find(pid), []);
});

test('names of libraries: those of OpenSSL and GnuTLS themselves, not those that are about them', () => {
  for (const name of [
    'libssl.so.3',
    'libssl.so.1.1',
    'libssl-3e69114b.so.1.1',
    'libgnutls.so.30',
    'libssl3.so',
    'libcrypto.so.3',
    'libjvm.so',
    '_ssl.cpython-311-x86_64-linux-gnu.so',
  ]) {
    assert.ok(isTlsName(name), name);
  }
  for (const name of [
    'libcurl-gnutls.so.4',
    'libgnutls-dane.so.0',
    'libc.so.6',
    'ssl.so',
    'libgnutlsxx.so.30',
    '_ssl_data.so',
  ]) {
    assert.ok(!isTlsName(name), name);
  }
});

test('deleted files keep their names', () => {
  const sleep = statSync('/bin/sleep').ino;
  const line = `7f0000000000-7f0000001000 r-xp 00000000 08:01 ${sleep}    /usr/bin/a\\012b (deleted)\n`;
  const proc = makeProc('deleted', { 1: { exe: '/bin/sleep', maps: line } });
  assert.equal(mappedFiles(1, () => false, proc)[0]?.path, '/usr/bin/a\nb');
});

test('the module of a Python is known before the program loads it', async (t) => {
  if (!hasProgram('/usr/bin/python3', '-c', 'import ssl, _ssl; _ssl.__file__'))
    return t.skip('there is no Python with ssl here');
  const pid = await start(t, '/usr/bin/python3', '-u', '-c', 'import time; print(1); time.sleep(60)');
  const module = execFileSync('/usr/bin/python3', ['-c', 'import _ssl; print(_ssl.__file__)'], {
    encoding: 'utf8',
  }).trim();
  const found = createLibraryFinder().find(pid);
  assert.deepEqual(
    found.map(({ kind, helps, path }) => [kind, helps, path]),
    [
      ['python', true, found[0]?.path],
      ['python_ssl', true, module],
    ],
  );
  withElf(found[1]!.open, (file) => assert.equal(file.size, statSync(module).size));
});
