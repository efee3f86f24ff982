import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missingPermission, startCapture, type Told } from './testing/capture.ts';
import { tell } from './testing/python.ts';

const files = (told: Told[], path: string) =>
  told.filter(({ kind, file }) => kind === 'file' && file?.path.endsWith(path));

describe('reads and writes of files', { skip: missingPermission() ?? false }, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockets-files-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  test('path, place, length and direction of each', async () => {
    const deep = join(folder, ...Array.from({ length: 8 }, (_, i) => `${i}-${'long'.repeat(5)}`));
    mkdirSync(deep, { recursive: true });
    const path = join(deep, 'a file.txt');
    using capture = startCapture({ files: { mode: 'all', minLatencyNs: 0 } });
    const told = await tell(
      capture,
      `
f = os.open(${JSON.stringify(path)}, os.O_RDWR | os.O_CREAT)
os.write(f, b'x' * 100); os.write(f, b'y' * 50); os.pwrite(f, b'z', 1000); os.lseek(f, 20, 0); os.read(f, 30); os.pread(f, 5, 7)
`,
    );
    const inode = statSync(path).ino;
    const accesses = files(told, 'a file.txt').map(({ direction, length, file }) => [direction, file!.offset, length]);
    assert.deepEqual(accesses, [
      ['out', 0, 100],
      ['out', 100, 50],
      ['out', 1000, 1],
      ['in', 20, 30],
      ['in', 7, 5],
    ]);
    for (const { file } of files(told, 'a file.txt')) {
      assert.equal(file!.path, path);
      assert.equal(file!.inode, inode);
      assert.equal(statSync(path).dev, file!.deviceMajor * 256 + file!.deviceMinor);
    }
  });

  test('only those that take long', async () => {
    using capture = startCapture({ files: { mode: 'all', minLatencyNs: 10e9 } });
    const told = await tell(capture, `f = os.open('${folder}/quick', os.O_RDWR | os.O_CREAT); os.write(f, b'x')`);
    assert.deepEqual(files(told, 'quick'), []);
  });

  test('only while a thread works on what it read from a socket', async () => {
    using capture = startCapture({ files: { mode: 'in_call', minLatencyNs: 0 } });
    const told = await tell(
      capture,
      `
f = os.open('${folder}/called', os.O_RDWR | os.O_CREAT)
os.write(f, b'before')
a,b = pair(); a.send(b'one'); b.recv(9)
os.write(f, b'within a call')
`,
    );
    const [access, ...others] = files(told, 'called');
    assert.deepEqual(others, []);
    assert.equal(access!.length, 'within a call'.length);
    const read = told.find(({ kind, direction }) => kind === 'data' && direction === 'in');
    assert.equal(access!.traceId, read!.traceId);
  });
});
