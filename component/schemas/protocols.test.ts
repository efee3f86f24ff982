import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocols } from './protocols.ts';

const schema = protocols(['http1', 'mysql', 'redis']);

test('protocols are known by their names wherever they are named', () => {
  const { success, error } = schema.safeParse({
    enabled: ['redis', 'myslq'],
    ports: { redi: [7000], redis: [7001] },
    timeouts: { carrier_pigeon: '10m' },
  });
  assert.ok(!success);
  assert.deepEqual(
    error.issues.map(({ path, message }) => [path.join('::'), message]),
    [
      ['enabled::1', 'unknown protocol "myslq"; did you mean "mysql"?'],
      ['ports::redi', 'unknown protocol "redi"; did you mean "redis"?'],
      ['timeouts::carrier_pigeon', 'unknown protocol "carrier_pigeon"; known are: http1, mysql, redis'],
    ],
  );
});

test('without options all protocols are looked for', () => {
  const { enabled, ports, timeouts } = schema.parse(undefined);
  assert.deepEqual([enabled, ports, timeouts], [undefined, {}, {}]);
});
