/** Takes one header field into a message: what HTTP/1 and HTTP/2 read alike. */
import { offerTraceHeader } from '../../trace-context/headers.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { cut } from '../text.ts';
import { captureHeader, httpDetail } from './detail.ts';
import { captured, type HeaderNames, header, traced } from './header-names.ts';

const longestList = 512;

/** Takes the field at `index` of the table. Framing, pseudo-headers and gRPC's fields are the parsers' own. */
export function takeField(
  message: Message,
  index: number,
  value: string,
  names: HeaderNames,
  options: ProtocolOptions,
): void {
  switch (index) {
    case header.userAgent:
      if (message.kind === 'request') message.fact('userAgent', cut(value, longestList));
      break;
    case header.forwardedFor:
      takeForwarded(message, value);
      break;
    case header.forwarded:
      takeForwarded(message, forwardedFor(value));
      break;
    case header.forwardedProto:
      if (value === 'http' || value === 'https') httpDetail(message).scheme = value;
      break;
  }
  const use = names.uses[index]!;
  if ((use & traced) !== 0) {
    const name = names.table.names[index]!;
    offerTraceHeader(message, name, value, options);
    // Binary, so the text of the ids is not what was sent.
    if (name === 'grpc-trace-bin') message.fact(name, cut(value, longestList));
  }
  if ((use & captured) !== 0) captureHeader(message, names.table.names[index]!, cut(value, options.maxText));
}

/** Several headers are one list. */
function takeForwarded(message: Message, value: string): void {
  if (value === '' || message.kind !== 'request') return;
  const present = message.textFact('clientIp');
  message.fact('clientIp', cut(present === '' ? value : `${present},${value}`, longestList));
}

/** The addresses in a `Forwarded` header (RFC 7239 §4), comma-separated. */
function forwardedFor(value: string): string {
  const found: string[] = [];
  for (const element of value.slice(0, 2048).split(',', 32)) {
    for (const pair of element.split(';', 16)) {
      const text = pair.trim();
      if (text.length < 5 || text.slice(0, 4).toLowerCase() !== 'for=') continue;
      found.push(text[4] === '"' ? text.slice(5, text.endsWith('"') ? -1 : undefined) : text.slice(4));
    }
  }
  return found.join(',');
}
