/** A DNS lookup as a span: OpenTelemetry's `dns.*` attributes. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import { responseCodeName } from './numbers.ts';
import type { DnsRecord } from './records.ts';

const questionName = attributeKey('dns.question.name');
const answers = attributeKey('dns.answers');
const questionType = attributeKey('deepflow.dns.question.type');
const responseCode = attributeKey('deepflow.dns.response_code');
const truncated = attributeKey('deepflow.dns.truncated');

export function describeDns(span: SpanWriter, request: Message | null, response: Message | null): void {
  const question = request ?? response!;
  // A message to a group may itself be the answer.
  const answer = response ?? (question.statusCode === '' ? null : question);
  span.protocolName = 'dns';
  span.name = question.method === '' ? 'DNS' : `DNS ${question.method}`;
  span.text(questionName, question.resource);
  span.text(questionType, question.method);
  if (answer === null) return;
  const code = answer.statusCode as number;
  const name = responseCodeName(code);
  span.text(responseCode, name);
  const records = answer.facts?.get('records') as readonly DnsRecord[] | undefined;
  if (records !== undefined) {
    const texts: string[] = [];
    const count = answer.facts!.get('answers') as number;
    for (let index = 0; index < count; index++) {
      const { data } = records[index]!;
      if (data !== undefined) texts.push(data);
    }
    span.texts(answers, texts);
  }
  if (answer.facts?.get('truncated') === true) span.bool(truncated, true);
  if (answer.status === 'server_error' || (answer.status === 'client_error' && !span.atServer)) span.fail(name);
}
