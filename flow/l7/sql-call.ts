/** What MySQL and PostgreSQL share: a statement noted on a message, and its call as a span. */
import type { SpanWriter } from '../otlp/span-writer.ts';
import { offerComment, takeComments } from '../sql/comments.ts';
import type { Dialect } from '../sql/scanner.ts';
import { readStatement, type Statement } from '../sql/statement.ts';
import { database } from './database-attributes.ts';
import type { Message } from './message.ts';
import type { ProtocolOptions } from './options.ts';

/** `detail` of a request that runs or prepares SQL. */
export class SqlDetail {
  readonly statement: Statement | null;
  /** The database in use; empty while it is not known. */
  readonly namespace: string;
  /** `mysql`, `mariadb`, `postgresql`. */
  readonly system: string;
  /** Literals may be shown. */
  readonly plain: boolean;

  constructor(statement: Statement | null, namespace: string, system: string, plain: boolean) {
    this.statement = statement;
    this.namespace = namespace;
    this.system = system;
    this.plain = plain;
  }
}

const comments: string[] = [];

/** Reads a statement's text: sets resource and endpoint, and the trace context that its comments carry. */
export function noteStatement(message: Message, text: string, dialect: Dialect, options: ProtocolOptions): Statement {
  message.resource = text;
  let bare = text;
  if (text.includes('/*')) {
    const taken = takeComments(text);
    if (taken !== null) {
      bare = taken.text;
      if (taken.before !== '') offerComment(message, taken.before, options);
      if (taken.after !== '') offerComment(message, taken.after, options);
    }
  }
  comments.length = 0;
  const statement = readStatement(bare, dialect, comments);
  for (const comment of comments) offerComment(message, comment, options);
  noteEndpoint(message, statement);
  return statement;
}

/** Endpoint: the operation and its main table. */
export function noteEndpoint(message: Message, { operation, collection }: Statement): void {
  if (operation !== '' && collection !== '') message.endpoint = `${operation} ${collection}`;
}

/** Writes what all SQL calls have; `code` names the error of a failed one. */
export function describeSql(
  span: SpanWriter,
  request: Message | null,
  response: Message | null,
  system: string,
  code: string,
): void {
  const detail = request?.detail instanceof SqlDetail ? request.detail : null;
  const statement = detail?.statement ?? null;
  const name = detail?.system ?? system;
  span.protocolName = system;
  span.text(database.systemName, name);
  span.text(database.namespace, detail?.namespace ?? '');
  if (statement !== null && statement.summary !== '') {
    span.name = statement.summary;
    span.text(database.querySummary, statement.summary);
    span.text(database.operationName, statement.operation);
    span.text(database.collectionName, statement.collection);
  } else if (request !== null && request.method !== '') {
    span.name = request.method;
    span.text(database.operationName, request.method);
  } else span.name = name;
  if (statement !== null) span.text(database.queryText, detail!.plain ? request!.resource : statement.text);
  if (response === null) return;
  const rows = response.facts?.get('rows');
  if (typeof rows === 'number') span.int(database.returnedRows, rows);
  const affected = response.facts?.get('affectedRows');
  if (typeof affected === 'number') span.int(database.affectedRows, affected);
  if (response.status !== '' && response.status !== 'ok') {
    span.text(database.statusCode, code);
    span.fail(code, response.error);
  }
}
