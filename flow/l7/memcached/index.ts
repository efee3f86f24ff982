/** Memcached: text, meta and binary protocol over TCP and UDP, as protocol.txt of memcached has them. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import { database } from '../database-attributes.ts';
import type { Message } from '../message.ts';
import type { Protocol } from '../protocol.ts';
import { MemcachedParser } from './parser.ts';
import { probeMemcached } from './probe.ts';

const outcome = attributeKey('deepflow.memcached.result');
const values = attributeKey('deepflow.memcached.values');

/** Command lines hold keys and numbers; what is stored is in data blocks, which are never read. */
function describe(span: SpanWriter, request: Message | null, response: Message | null): void {
  span.protocolName = 'memcached';
  span.text(database.systemName, 'memcached');
  span.name = request?.method || 'memcached';
  if (request !== null) {
    span.text(database.operationName, request.method);
    span.text(database.queryText, request.resource);
  }
  if (response === null) return;
  const space = response.result.indexOf(' ');
  const word = space < 0 ? response.result : response.result.slice(0, space);
  // A number is what `incr` answers.
  if (word > '9') span.text(outcome, word);
  const found = response.facts?.get('values');
  if (typeof found === 'number') span.int(values, found);
  if (response.status === 'ok' || response.status === '') return;
  const code = String(response.statusCode);
  span.text(database.statusCode, code);
  span.fail(word || code, response.error);
}

const memcached: Protocol = {
  name: 'memcached',
  label: 'Memcached',
  transports: ['tcp', 'udp'],
  ports: [11211],
  probe: probeMemcached,
  createParser: (session) => new MemcachedParser(session),
  describe,
};

export default memcached;
