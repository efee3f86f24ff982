import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { parseConfig } from './parse.ts';
import { duration } from './schemas/duration.ts';
import { secret } from './schemas/secret.ts';

const schema = z.strictObject({
  endpoint: z.string().default('localhost:1'),
  timeout: duration('5s'),
  protocols: z.strictObject({ grpc: z.strictObject({ port: z.int().default(4317) }).optional() }).prefault({}),
  token: secret().optional(),
  mode: z.enum(['a', '1']).default('a'),
});

const parsed = (input: unknown, text?: (path: readonly string[]) => string | undefined) => {
  const result = parseConfig(schema, input, text);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
};

test('takes null for the defaults, in sections and in scalars', () => {
  const value = parsed({ endpoint: null, timeout: null, protocols: { grpc: null } });
  assert.equal(value.endpoint, 'localhost:1');
  assert.equal(value.timeout, 5000);
  assert.deepEqual(value.protocols, { grpc: { port: 4317 } });
  assert.deepEqual(parsed(null).protocols, {});
});

test("takes a variable's text where text is wanted, its value elsewhere", () => {
  const text = () => '0123';
  const value = parsed({ endpoint: 83, token: 83, protocols: { grpc: { port: 83 } } }, text);
  assert.equal(value.endpoint, '0123');
  assert.equal(value.token?.reveal(), '0123');
  assert.equal(value.protocols.grpc?.port, 83);
  assert.equal(parsed({ mode: 1 }, () => '1').mode, '1');
});

test('does not take a number for text when no variable wrote it', () => {
  const result = parseConfig(schema, { endpoint: 83 });
  assert.deepEqual(result, {
    ok: false,
    issues: [{ path: ['endpoint'], message: 'expected string, received number' }],
  });
});

test('names every problem at once, with the key that was probably meant', () => {
  const result = parseConfig(schema, {
    endpont: 'x',
    timeout: '5 parsecs',
    protocols: { grpc: { prot: 1 }, smtp: {} },
  });
  assert.ok(!result.ok);
  assert.deepEqual(result.issues.map((issue) => `${issue.path.join('::')}: ${issue.message}`).sort(), [
    'endpont: unknown key "endpont"; did you mean "endpoint"?',
    'protocols::grpc::prot: unknown key "prot"; did you mean "port"?',
    'protocols::smtp: unknown key "smtp"; known are: grpc',
    'timeout: "5 parsecs" is not a duration; write a number with a unit, such as 200ms, 5s or 1m30s',
  ]);
});
