/** The head of a CGI answer (RFC 3875 §6): fields like those of HTTP, with `Status` in place of a status line. */
import { httpStatus } from '../http/describe.ts';
import type { Message } from '../message.ts';
import { latin1 } from '../text.ts';

/** Reads the fields in [start, end): the status, 200 when none is given, 302 with only a Location. */
export function readCgiHead(message: Message, bytes: Buffer, start: number, end: number): void {
  let code = 0;
  let redirects = false;
  for (let at = start; at < end; ) {
    let lineEnd = at;
    while (lineEnd < end && bytes[lineEnd] !== 0x0a) lineEnd++;
    let colon = at;
    while (colon < lineEnd && bytes[colon] !== 0x3a) colon++;
    const length = colon - at;
    // status, location, content-length
    if (colon < lineEnd && (length === 6 || length === 8 || length === 14)) {
      const name = latin1(bytes, at, colon).toLowerCase();
      const value = latin1(bytes, colon + 1, Math.min(lineEnd, colon + 64)).trim();
      if (name === 'status') code = Number.parseInt(value.slice(0, 3), 10);
      else if (name === 'location') redirects = true;
      else if (name === 'content-length' && /^\d{1,15}$/.test(value)) message.length = Number(value);
    }
    at = lineEnd + 1;
  }
  if (!(code >= 100 && code <= 999)) code = redirects ? 302 : 200;
  message.statusCode = code;
  message.status = httpStatus(code);
}
