/** Finds the calls of functions of other files in libraries as different linkers make them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { ElfError, type ElfFile, withElf } from '../elf/file.ts';
import { buildC, hasProgram, temporaryFolder } from '../testing/builds.ts';
import { handingCalls } from './handing.ts';
import { importCalls } from './import-calls.ts';

const folder = temporaryFolder('import-calls');
after(folder.remove);
const skip = hasProgram('gcc', '--version') ? false : 'there is no C compiler here to build with';

const source = `
int BIO_write(void *bio, const void *data, int length);
void SSL_set_bio(void *ssl, void *in, void *out);
int write_eof(void *bio) { return 7; }
int one(void *bio, const void *data, int length) { return BIO_write(bio, data, length) + 1; }
int two(void *bio, int length) { return BIO_write(bio, "records", length) * BIO_write(bio, "more", 4); }
void *give(void *ssl, void *in, void *out) { SSL_set_bio(ssl, in, out); return ssl; }
`;
/** Without the compiler's own beginnings and ends, which call other functions. */
const options = ['-O2', '-shared', '-fPIC', '-s', '-nostartfiles'];

const ways: [name: string, flags: string[], execution: string][] = [
  ['bound when they are first called', ['-Wl,-z,lazy', '-fcf-protection=none'], 'call'],
  ['bound at once', ['-Wl,-z,now', '-fcf-protection=none'], 'call'],
  ['with marks for indirect branches', ['-Wl,-z,ibtplt', '-fcf-protection=full'], 'call'],
  ['without a linkage table', ['-fno-plt'], 'step'],
];
for (const [name, flags, execution] of ways) {
  test(`functions ${name}: each call is found, and nothing else`, { skip }, () => {
    const library = buildC(
      folder.path,
      `${execution}${flags.join('')}.so`.replaceAll(',', ''),
      source,
      ...options,
      ...flags,
    );
    withElf(library, (file) => {
      const points = handingCalls(file);
      assert.deepEqual(
        points.map((point) => `${point.program} ${point.execution}`).sort(),
        ['openssl_bio_write', 'openssl_bio_write', 'openssl_bio_write', 'openssl_set_bio'].map(
          (program) => `${program} ${execution}`,
        ),
      );
      assert.deepEqual(points.map(({ offset }) => offset).sort(), callsOf(library, file));
    });
  });
}

/** File offsets of all calls, as objdump sees them. */
function callsOf(library: string, file: ElfFile): number[] {
  const text = execFileSync('objdump', ['-d', '-j', '.text', library], { encoding: 'utf8' });
  const calls: number[] = [];
  for (const [, address] of text.matchAll(/^ *([0-9a-f]+):.*\tcall +.*$/gm))
    calls.push(file.fileOffset(Number.parseInt(address!, 16))!);
  return calls.sort();
}

test('a file that does not take these functions from others has no such calls', { skip }, () => {
  const own = `${source} int BIO_write(void *bio, const void *data, int length) { return length; } void SSL_set_bio(void *ssl, void *in, void *out) {}`;
  const library = buildC(folder.path, 'own.so', own, ...options, '-Wl,-Bsymbolic');
  withElf(library, (file) => assert.deepEqual(handingCalls(file), []));
  withElf('/bin/sleep', (file) => assert.deepEqual(handingCalls(file), []));
});

test('a file that calls a function from everywhere is refused', { skip }, () => {
  const many = `void SSL_set_bio(int); void all(void) { ${'SSL_set_bio(1); SSL_set_bio(2);'.repeat(40)} }`;
  const library = buildC(folder.path, 'many.so', many, ...options);
  assert.throws(
    () => withElf(library, (file) => importCalls(file, { SSL_set_bio: 'called' })),
    (error) => error instanceof ElfError && /called from more than 64 places/.test(error.message),
  );
});
