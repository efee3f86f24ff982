/**
 * What the body of a Dubbo message holds, whatever it is serialized with. Each value is written as the serialization writes it:
 *
 *   request   text Dubbo's version, text path, text service's version, text method, text types of the arguments, the arguments, map attachments
 *   answer    int kind (see answerKinds), then the value or the exception if there is one, then attachments if kind > 2;
 *             or, when the status is not OK, text error
 */
import { offerTraceHeader } from '../../trace-context/headers.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';

/** Reads the bodies of one serialization. None of them throws; what cannot be read stays empty. */
export interface BodyReader {
  readRequest(message: Message, bytes: Buffer, start: number, end: number, options: ProtocolOptions): void;
  /** The body of an answer with status OK. */
  readAnswer(message: Message, bytes: Buffer, start: number, end: number): void;
  /** The error text of an answer with another status. */
  readError(bytes: Buffer, start: number, end: number): string;
}

export function setCall(message: Message, version: string, path: string, serviceVersion: string, method: string): void {
  message.version = version;
  message.resource = path;
  message.domain = path;
  message.method = method;
  message.endpoint = `${path}/${method}`;
  message.fact('serviceVersion', serviceVersion);
}

/** An answer that carries an exception: its class, and its text if it can be told. */
export function setException(message: Message, className: string, text: string): void {
  message.fact('exception', className);
  message.error = text === '' ? className : `${className}: ${text}`;
}

/** One entry of the attachments, Dubbo's headers. */
export function takeAttachment(message: Message, key: string, value: string, options: ProtocolOptions): void {
  switch (key) {
    case 'group':
    case 'remote.application':
      message.fact(key, value);
      return;
    default:
      if (offerTraceHeader(message, key, value, options)) return;
  }
  switch (key.toLowerCase()) {
    case 'eagleeye-traceid':
      if (message.trace === null && value !== '') {
        message.trace = { format: 'custom', traceId: value, spanId: '', state: '', sampled: null };
      }
      return;
    case 'eagleeye-rpcid':
      message.fact('eagleEyeRpcId', value);
      if (message.trace?.format === 'custom') message.trace.spanId = value;
  }
}

/** The context of EagleEye may bring its span before its trace. */
export function settleEagleEye(message: Message): void {
  const rpcId = message.facts?.get('eagleEyeRpcId');
  if (message.trace?.format === 'custom' && message.trace.spanId === '' && typeof rpcId === 'string') {
    message.trace.spanId = rpcId;
  }
}

/** How many arguments a list of types such as `Ljava/lang/String;I[J` means (JVM specification §4.3.2). */
export function countArguments(types: string): number {
  let count = 0;
  for (let at = 0; at < types.length; at++) {
    const code = types.charCodeAt(at);
    if (code === 0x5b) continue;
    if (code === 0x4c) {
      const semicolon = types.indexOf(';', at);
      if (semicolon < 0) return count + 1;
      at = semicolon;
    }
    count++;
  }
  return count;
}
