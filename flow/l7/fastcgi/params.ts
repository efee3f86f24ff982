/** The parameters of a FastCGI request: pairs of names and values, of which only some become texts. */
import { knownTraceHeaders, offerTraceHeader } from '../../trace-context/headers.ts';
import { NameTable } from '../../trace-context/name-table.ts';
import { captureHeader, httpDetail } from '../http/detail.ts';
import { firstSegments } from '../http/route.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { cut, interned } from '../text.ts';

const named = [
  'request_method',
  'request_uri',
  'script_name',
  'query_string',
  'http_host',
  'server_name',
  'content_length',
  'https',
  'http_user_agent',
  'http_x_forwarded_for',
];
const longestValue = 16 * 1024;
const longestList = 512;
/** Of names by which parameters are recognised. */
const shortestName = 3;
const longestName = 48;

export interface ParamNames {
  readonly table: NameTable;
  /** By position, the header that the parameter stands for: `HTTP_X_REQUEST_ID` is `x-request-id`; '' for the others. */
  readonly headers: readonly string[];
}

const cache = new WeakMap<ProtocolOptions, ParamNames>();

export function paramNames(options: ProtocolOptions): ParamNames {
  let names = cache.get(options);
  if (names === undefined) {
    const headers = [...new Set([...knownTraceHeaders, ...options.traceHeaders, ...options.capturedHeaders])];
    const envNames = headers.map((name) => `http_${name.replaceAll('-', '_')}`);
    const all = [...new Set([...named, ...envNames])];
    names = { table: new NameTable(all), headers: all.map((name) => headers[envNames.indexOf(name)] ?? '') };
    cache.set(options, names);
  }
  return names;
}

/** Reads all pairs in [start, end) into the request. What is cut at the end is left out. */
export function readParams(
  message: Message,
  bytes: Buffer,
  start: number,
  end: number,
  names: ParamNames,
  options: ProtocolOptions,
): void {
  let script = '';
  let query = '';
  let server = '';
  let at = start;
  while (at + 2 <= end) {
    const nameLength = pairLength(bytes, at, end);
    at += bytes[at]! < 0x80 ? 1 : 4;
    if (nameLength < 0 || at >= end) break;
    const valueLength = pairLength(bytes, at, end);
    at += bytes[at]! < 0x80 ? 1 : 4;
    if (valueLength < 0 || nameLength + valueLength > end - at) break;
    const value = at + nameLength;
    const index = names.table.find(bytes, at, value);
    at = value + valueLength;
    if (index < 0 || valueLength === 0) continue;
    const text = interned.get(bytes, value, Math.min(at, value + Math.min(longestValue, options.maxText)));
    switch (named[index]) {
      case 'request_method':
        message.method = text;
        break;
      case 'request_uri':
        message.resource = text;
        break;
      case 'script_name':
        script = text;
        break;
      case 'query_string':
        query = text;
        break;
      case 'http_host':
        message.domain = text;
        break;
      case 'server_name':
        server = text;
        break;
      case 'content_length':
        message.length = /^\d{1,15}$/.test(text) ? Number(text) : -1;
        break;
      case 'https':
        if (text !== 'off') httpDetail(message).scheme = 'https';
        break;
      case 'http_user_agent':
        message.fact('userAgent', cut(text, longestList));
        break;
      case 'http_x_forwarded_for':
        message.fact('clientIp', cut(text, longestList));
        break;
    }
    const header = names.headers[index]!;
    if (header === '') continue;
    offerTraceHeader(message, header, text, options);
    if (options.capturedHeaders.includes(header)) captureHeader(message, header, text);
  }
  if (message.resource === '' && script !== '') message.resource = query === '' ? script : `${script}?${query}`;
  if (message.domain === '') message.domain = server;
  message.endpoint = script === '' ? firstSegments(message.resource) : script;
}

/**
 * Whether content that ends at `contentEnd`, of which the bytes up to `end` are there, begins with a parameter: its two lengths fit in, and its
 * name is that of an environment variable.
 */
export function beginsWithPair(bytes: Buffer, start: number, contentEnd: number, end: number): boolean {
  if (end - start < 5) return false;
  const nameLength = bytes[start]!;
  const valueLength = pairLength(bytes, start + 1, end);
  const name = start + (bytes[start + 1]! < 0x80 ? 2 : 5);
  if (nameLength < shortestName || nameLength > longestName || valueLength < 0) return false;
  if (name + nameLength + valueLength > contentEnd || name + nameLength > end) return false;
  for (let at = name; at < name + nameLength; at++) {
    const byte = bytes[at]!;
    const isLetter = byte >= 0x41 && byte <= 0x5a;
    if (!isLetter && (at === name || !((byte >= 0x30 && byte <= 0x39) || byte === 0x5f))) return false;
  }
  return true;
}

/** One byte, or four whose first bit is set; -1 when cut. */
function pairLength(bytes: Buffer, at: number, end: number): number {
  if (at < end && bytes[at]! < 0x80) return bytes[at]!;
  return at + 4 <= end ? bytes.readUInt32BE(at) & 0x7fffffff : -1;
}
