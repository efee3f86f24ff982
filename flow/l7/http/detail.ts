/** What an HTTP message says beside the common fields, for the span only. */
import { type AttributeKey, attributeKey } from '../../otlp/attribute-writer.ts';
import type { Message } from '../message.ts';

export class HttpDetail {
  /** `http` or `https`, when the message tells. */
  scheme = '';
  /** Bytes of the body as it passed, when its length was not stated before. -1: not counted. */
  bodyBytes = -1;
  /** Headers that the options ask for. */
  captured: [key: AttributeKey, values: string[]][] | null = null;
}

/** The detail of a message of HTTP/1 or HTTP/2; made when there is none. */
export function httpDetail(message: Message): HttpDetail {
  if (message.detail === null) message.detail = new HttpDetail();
  return message.detail as HttpDetail;
}

const requestKeys = new Map<string, AttributeKey>();
const responseKeys = new Map<string, AttributeKey>();

/** Notes a header for its own attribute; `name` is one of the options' few names. */
export function captureHeader(message: Message, name: string, value: string): void {
  const keys = message.kind === 'request' ? requestKeys : responseKeys;
  let key = keys.get(name);
  if (key === undefined) {
    key = attributeKey(`http.${message.kind === 'request' ? 'request' : 'response'}.header.${name}`);
    keys.set(name, key);
  }
  const detail = httpDetail(message);
  detail.captured ??= [];
  const present = detail.captured.find((entry) => entry[0] === key);
  if (present === undefined) detail.captured.push([key, [value]]);
  else if (present[1].length < 16) present[1].push(value);
}
