import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactArguments } from './redact.ts';

const hidden = '[redacted]';
const cases: [given: string[], shown: string[]][] = [
  [
    ['app', '--port', '80', '--name=x'],
    ['app', '--port', '80', '--name=x'],
  ],
  [
    ['app', '--password', 'hunter2', 'x'],
    ['app', '--password', hidden, 'x'],
  ],
  [
    ['app', '--db-password=hunter2'],
    ['app', `--db-password=${hidden}`],
  ],
  [
    ['app', '--password', '--verbose'],
    ['app', '--password', '--verbose'],
  ],
  [
    ['java', '-Djavax.net.ssl.keyStorePassword=a b', '-Dx=y'],
    ['java', `-Djavax.net.ssl.keyStorePassword=${hidden} b`, '-Dx=y'],
  ],
  [
    ['app', '-token', 'x'],
    ['app', '-token', hidden],
  ],
  [
    ['app', 'API_KEY=x', 'AWS_SECRET_ACCESS_KEY=y'],
    ['app', `API_KEY=${hidden}`, `AWS_SECRET_ACCESS_KEY=${hidden}`],
  ],
  [
    ['app', '{"AWS_SECRET_ACCESS_KEY": "q w", "user": "ann"}'],
    ['app', `{"AWS_SECRET_ACCESS_KEY": ${hidden}, "user": "ann"}`],
  ],
  [
    ['app', 'postgres://ann:s3cr3t@db/shop'],
    ['app', `postgres://ann:${hidden}@db/shop`],
  ],
  [
    ['app', 'ann:s3cr3t@tcp(db:3306)/shop'],
    ['app', `ann:${hidden}@tcp(db:3306)/shop`],
  ],
  [
    ['app', 'redis://:s3cr3t@cache'],
    ['app', `redis://:${hidden}@cache`],
  ],
  [
    ['psql', 'host=db password=s3cr3t user=ann'],
    ['psql', `host=db password=${hidden} user=ann`],
  ],
  [
    ['sh', '-c', 'PGPASSWORD=x psql'],
    ['sh', '-c', `PGPASSWORD=${hidden} psql`],
  ],
  [
    ['mysql', '-uann', '-ps3cr3t', 'shop'],
    ['mysql', '-uann', `-p${hidden}`, 'shop'],
  ],
  [
    ['mysql', '-p', 'shop'],
    ['mysql', '-p', 'shop'],
  ],
  [
    ['redis-cli', '-a', 's3cr3t'],
    ['redis-cli', '-a', hidden],
  ],
  [
    ['/usr/bin/curl', '-u', 'ann:x', 'http://a'],
    ['/usr/bin/curl', '-u', hidden, 'http://a'],
  ],
  [
    ['curl', '-H', 'Authorization: Bearer abc.def'],
    ['curl', '-H', `Authorization: ${hidden}`],
  ],
  [
    ['app', 'ghp_0123456789abcdefghij'],
    ['app', hidden],
  ],
  [
    ['app', 'eyJhbGciOiJI.eyJzdWIiOiIx.sig'],
    ['app', hidden],
  ],
  [
    ['ssh', 'ann@host:22'],
    ['ssh', 'ann@host:22'],
  ],
  [
    ['app', 'http://host:80/a@b'],
    ['app', 'http://host:80/a@b'],
  ],
];

for (const [given, shown] of cases) {
  test(`command line: ${given.join(' ')}`, () => assert.deepEqual(redactArguments(given), shown));
}

test('long command lines are cut, and take no long time', () => {
  const begun = process.threadCpuUsage();
  const shown = redactArguments([
    'app',
    'a=:@'.repeat(100_000),
    'password'.repeat(50_000),
    ...new Array(1000).fill('x'),
  ]);
  assert.equal(shown.length, 48);
  assert.equal(shown[1]!.length, 256);
  assert.ok(process.threadCpuUsage(begun).user < 50e3);
});
