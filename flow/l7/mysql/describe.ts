/** A MySQL or MariaDB call as a span: OpenTelemetry's conventions for databases and SQL. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import { database } from '../database-attributes.ts';
import type { Message } from '../message.ts';
import { describeSql } from '../sql-call.ts';

const command = attributeKey('deepflow.mysql.command');
const sqlState = attributeKey('deepflow.db.sqlstate');

export function describeMysql(span: SpanWriter, request: Message | null, response: Message | null): void {
  const failed = response !== null && response.status !== 'ok';
  describeSql(span, request, response, 'mysql', failed ? String(response.statusCode) : '');
  if (request !== null) {
    span.text(command, request.method);
    span.text(database.user, request.textFact('user'));
  }
  if (failed) span.text(sqlState, response.textFact('sqlState'));
}
