/** A Redis call as a span: OpenTelemetry's conventions for databases and for Redis. */

import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import { database } from '../database-attributes.ts';
import type { Message } from '../message.ts';
import { commandOf } from './commands.ts';

const replyType = attributeKey('deepflow.redis.reply_type');
const channel = attributeKey('deepflow.redis.channel');

export function describeRedis(span: SpanWriter, request: Message | null, response: Message | null): void {
  span.protocolName = 'redis';
  span.text(database.systemName, 'redis');
  if (request === null) span.name = 'redis';
  else if (request.side === 1) describePush(span, request);
  else describeCommand(span, request);
  if (response === null) return;
  if (response.status === 'ok') {
    span.text(replyType, response.textFact('replyType'));
    return;
  }
  const code = String(response.statusCode);
  span.text(database.statusCode, code);
  span.fail(code || '_OTHER', response.error);
}

/** The first word is the operation; of a container command (`CONFIG GET`) the first two. */
function describeCommand(span: SpanWriter, request: Message): void {
  const shown = request.textFact('shown') || request.resource;
  const command = commandOf(request.method);
  const size = command.effect === 'exec' ? request.facts?.get('queued') : undefined;
  let operation = request.method;
  if (command.container) operation = firstTwoWords(shown);
  else if (command.effect === 'exec') operation = 'MULTI';
  span.name = operation;
  span.text(database.operationName, operation);
  if (typeof size === 'number' && size !== 1) span.int(database.batchSize, size);
  span.text(database.queryText, shown);
  span.text(database.namespace, request.textFact('namespace'));
  if (command.name === 'EVALSHA' || command.name === 'FCALL') {
    span.text(database.storedProcedure, shown.split(' ', 2)[1] ?? '');
  }
}

function describePush(span: SpanWriter, message: Message): void {
  span.name = message.method;
  span.text(database.operationName, message.method);
  span.text(channel, message.resource);
}

/** The second word only when it is one: it becomes part of a name. */
function firstTwoWords(text: string): string {
  const first = text.indexOf(' ');
  if (first < 0) return text;
  let end = first + 1;
  while (end < text.length && end - first < 32 && isLetter(text.charCodeAt(end))) end++;
  return end < text.length && text.charCodeAt(end) !== 0x20 ? text.slice(0, first) : text.slice(0, end);
}

function isLetter(code: number): boolean {
  return ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a) || code === 0x2d;
}
