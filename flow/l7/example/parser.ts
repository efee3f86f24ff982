/**
 * Reads Example, a protocol that nobody speaks, as a pattern for real ones:
 *
 *    0  "EXMP"
 *    4  u8  kind: 1 request, 2 answer
 *    5  u8  code of an answer: 0 done, 1 to 99 a mistake of the client, 100 and up of the server
 *    6  u16 length of the name
 *    8  u32 id
 *   12  u32 length of the body
 *   16  name: of a request what is asked, of an answer the text of an error; then the body
 */
import type { Input } from '../input.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { interned, startsWith } from '../text.ts';

export const magic = 'EXMP';
export const headBytes = 16;
export const kinds = { request: 1, answer: 2 } as const;

export class ExampleParser implements Parser {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    // Too few bytes are offered again with more; when no more will come they are no message.
    if (end - start < headBytes) return full ? lost : start;
    if (!startsWith(bytes, start, end, magic)) return lost;
    const kind = bytes[start + 4]!;
    if (kind !== kinds.request && kind !== kinds.answer) return lost;
    const nameEnd = start + headBytes + bytes.readUInt16BE(start + 6);
    if (end < nameEnd && !full) return start;

    const message = this.#session.begin(kind === kinds.request ? 'request' : 'response', input);
    const name = interned.get(bytes, start + headBytes, Math.min(end, nameEnd));
    const body = bytes.readUInt32BE(start + 12);
    message.id = bytes.readUInt32BE(start + 8);
    message.length = body;
    if (kind === kinds.request) {
      message.method = name;
      message.endpoint = name;
    } else {
      const code = bytes[start + 5]!;
      message.statusCode = code;
      message.status = code === 0 ? 'ok' : code < 100 ? 'client_error' : 'server_error';
      message.error = name;
    }
    this.#session.emit(message);
    // The body is not looked at: what lies beyond the window is skipped when it comes, and the message is complete with its last byte.
    return nameEnd + body;
  }
}
