import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openTestStore, type TestStore } from '../../clickhouse/embedded/testing/store.ts';
import { goClient, pythonWithClient, run } from './toolchain.ts';

let store: TestStore;
const cleanUps: (() => Promise<void> | void)[] = [];

before(async () => {
  const settings = { http: { host: '127.0.0.1', port: 0 } };
  store = await openTestStore({ after: (cleanUp) => cleanUps.push(cleanUp) }, { settings });
});

after(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

for (const compression of ['none', 'lz4', 'zstd', 'gzip', 'deflate', 'br']) {
  test(`clickhouse-go writes and reads every type of ours, compression ${compression}`, async () => {
    assert.equal(await run(await goClient(), [`127.0.0.1:${store.port}`, compression]), 'ok\n');
  });
}

test('clickhouse-connect (Python) with every compression, data frames, Arrow, sessions', async () => {
  const script = join(import.meta.dirname, 'connect.py');
  assert.equal(await run(await pythonWithClient(), [script, '127.0.0.1', String(store.port)]), 'ok\n');
});

test('curl over the socket and the port', () => {
  const curl = (...args: string[]) => execFileSync('curl', ['-sS', ...args], { encoding: 'utf8' });
  const url = `http://127.0.0.1:${store.port}/`;
  assert.equal(curl('--unix-socket', store.socketPath, 'http://store/?query=SELECT+1'), '1\n');
  assert.equal(curl(`${url}ping`), 'Ok.\n');
  assert.equal(curl(url, '--data-binary', 'SELECT 1'), '1\n');
  assert.equal(curl(url, '-d', "SELECT 'a' AS text FORMAT JSONEachRow"), '{"text":"a"}\n');
  assert.equal(curl(url, '-F', 'query=SELECT {x:UInt8} + 1', '-F', 'param_x=1'), '2\n');
  curl(url, '-d', 'CREATE TABLE default.curl (a UInt8) ENGINE = Memory');
  assert.equal(curl(`${url}?query=INSERT+INTO+default.curl+FORMAT+TSV`, '--data-binary', '1\n2\n'), '');
  curl(url, '-d', 'INSERT INTO default.curl VALUES (3), (4)');
  assert.equal(curl('--compressed', `${url}?enable_http_compression=1&query=SELECT+sum(a)+FROM+default.curl`), '10\n');
});
