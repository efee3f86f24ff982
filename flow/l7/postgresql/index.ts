/** PostgreSQL and what speaks like it (CockroachDB, YugabyteDB, Redshift, PgBouncer): frontend/backend protocol 3, as PostgreSQL's manual has it. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import { database } from '../database-attributes.ts';
import type { Message } from '../message.ts';
import type { Protocol } from '../protocol.ts';
import { describeSql } from '../sql-call.ts';
import { PostgresqlParser } from './parser.ts';
import { probePostgresql } from './probe.ts';

const message = attributeKey('deepflow.postgresql.message');
const severity = attributeKey('deepflow.postgresql.severity');
const channel = attributeKey('deepflow.postgresql.channel');

function describe(span: SpanWriter, request: Message | null, response: Message | null): void {
  const failed = response !== null && response.status !== 'ok';
  describeSql(span, request, response, 'postgresql', failed ? String(response.statusCode) || '_OTHER' : '');
  if (failed) span.text(severity, response.textFact('severity'));
  if (request === null) return;
  span.text(message, request.method);
  span.text(database.user, request.textFact('user'));
  if (request.method === 'notification') span.text(channel, request.resource);
}

const postgresql: Protocol = {
  name: 'postgresql',
  label: 'PostgreSQL',
  transports: ['tcp'],
  ports: [5432, 5433, 6432, 26257],
  probe: probePostgresql,
  createParser: (session) => new PostgresqlParser(session),
  describe,
};

export default postgresql;
