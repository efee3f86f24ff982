/** Checks the points in OpenSSL's code against the libraries and the Node.js of this machine. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { withElf } from '../elf/file.ts';
import { findFunctions } from '../elf/symbols.ts';
import { buildC, hasProgram, temporaryFolder } from '../testing/builds.ts';
import { executionAt } from '../testing/execution.ts';
import { opensslPoints } from './openssl.ts';

const library = '/usr/lib/x86_64-linux-gnu/libssl.so.3';

for (const path of [process.execPath, library].filter((one) => existsSync(one))) {
  test(`no data call of ${path.split('/').at(-1)} costs a step out of line`, () => {
    withElf(path, (file) => {
      const found = opensslPoints(file);
      assert.equal(found?.kind, 'openssl');
      const data = found.points.filter(({ program }) => /read|write/.test(program));
      assert.ok(data.length >= 4);
      for (const point of data) {
        assert.notEqual(point.execution, 'step', point.symbol);
        // What is in the file at this offset is what the point says.
        assert.equal(executionAt(file.read(point.offset, 16), 0), point.execution);
        if (point.isReturn) assert.equal(point.cookie, 0n);
      }
      for (const call of ['read', 'write']) {
        const enters = data.filter(({ program }) => new RegExp(`^openssl_${call}(_ex2?)?$`).test(program));
        const leaves = data.filter(({ program }) => new RegExp(`^openssl_${call}(_ex)?_leave$`).test(program));
        assert.equal(enters.length, leaves.length);
        assert.ok(enters.length > 0);
      }
    });
  });
}

test('points lie in the functions they are named after', () => {
  withElf(process.execPath, (file) => {
    const symbols = findFunctions(file, ['SSL_read', 'SSL_write', 'SSL_free']);
    for (const point of opensslPoints(file)?.points ?? []) {
      const symbol = symbols.get(point.symbol);
      if (symbol !== undefined) assert.ok(point.offset >= symbol.offset && point.offset < symbol.offset + symbol.size);
    }
    assert.equal(symbols.size, 3);
  });
});

test('a file without SSL_read has no points', () => {
  withElf('/proc/self/exe', (file) => assert.ok(opensslPoints(file)));
  withElf('/bin/cat', (file) => assert.equal(opensslPoints(file), undefined));
});

test('where all ways to write are wrappers, what is in them is probed, with the arguments of SSL_write_ex2', {
  skip: hasProgram('gcc', '--version') ? false : 'there is no C compiler here',
}, () => {
  const folder = temporaryFolder('openssl33');
  after(folder.remove);
  const source = (flags: string) => `
typedef unsigned long size;
int use(void *, const void *, size, size, size *);
__attribute__((noinline)) static int inner(void *ssl, const void *buffer, size length, size flags, size *moved) {
  return use(ssl, buffer, length, flags, moved) && use(ssl, buffer, length, flags, moved) ? 1 : -1;
}
int SSL_read(void *ssl, void *buffer, int length) { return length; }
int SSL_write(void *ssl, const void *buffer, int length) {
  size moved;
  int result = inner(ssl, buffer, length, 0, &moved);
  return result > 0 ? (int)moved : result;
}
int SSL_write_ex2(void *ssl, const void *buffer, size length, size flags, size *moved) {
  int result = inner(ssl, buffer, length, flags, moved);
  return result < 0 ? 0 : result;
}
int SSL_write_ex(void *ssl, const void *buffer, size length, size *moved) {
  return ${flags};
}`;
  const programs = (name: string, flags: string) => {
    const options = ['-O2', '-shared', '-fPIC', '-fcf-protection=none', '-fno-semantic-interposition'];
    const library = buildC(folder.path, `${name}.so`, source(flags), ...options);
    return withElf(library, (file) => opensslPoints(file)?.points ?? []).filter(({ program }) => /write/.test(program));
  };
  const inside = programs('same', 'SSL_write_ex2(ssl, buffer, length, 0, moved)');
  assert.deepEqual(
    inside.map(({ program, symbol, execution }) => [program, symbol, execution]),
    [
      ['openssl_write_ex2', 'SSL_write_ex2 (inner function)', 'push'],
      ['openssl_write_ex_leave', 'SSL_write_ex2 (inner function)', 'push'],
    ],
  );
  const apart = programs('other', 'use(ssl, buffer, length, 0, moved) + SSL_write_ex2(ssl, buffer, length, 0, moved)');
  assert.deepEqual([...new Set(apart.map(({ symbol }) => symbol))].sort(), ['SSL_write', 'SSL_write_ex']);
});

test('BoringSSL is told from OpenSSL by what only it has', {
  skip: hasProgram('gcc', '--version') ? false : 'there is no C compiler here',
}, () => {
  const folder = temporaryFolder('boringssl');
  after(folder.remove);
  const source = (other: string) => `
int SSL_read(void *ssl, void *buffer, int size) { return ssl == buffer ? size : -1; }
int SSL_write(void *ssl, const void *buffer, int size) { return ssl == buffer ? -1 : size; }
void ${other}(void *context) {}`;
  for (const [kind, other] of [
    ['boringssl', 'SSL_CTX_set_grease_enabled'],
    ['openssl', 'OPENSSL_init_ssl'],
  ] as const) {
    const library = buildC(folder.path, `${kind}.so`, source(other), '-O1', '-shared', '-fPIC');
    withElf(library, (file) => {
      const found = opensslPoints(file);
      assert.equal(found?.kind, kind);
      assert.equal(found.points.filter(({ program }) => program === 'openssl_read').length, 1);
    });
  }
});
