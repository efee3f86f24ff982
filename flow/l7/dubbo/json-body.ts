/** Bodies of JSON lines: Fastjson, Gson, and Protobuf's JSON form; one value a line. */
import { find, utf8 } from '../text.ts';
import { type BodyReader, setCall, setException, settleEagleEye, takeAttachment } from './body.ts';
import { answerKinds } from './codes.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;
/** Lines longer than this are not parsed: arguments are none of our business, attachments are short. */
const longestLine = 16 * 1024;

export const jsonBody: BodyReader = {
  readRequest(message, bytes, start, end, options) {
    const lines = new Lines(bytes, start, end);
    const [version, path, serviceVersion, method] = [lines.text(), lines.text(), lines.text(), lines.text()];
    if (path === '' || method === '') return;
    setCall(message, version, path, serviceVersion, method);
    // The attachments are the last line, after as many as there are arguments.
    const attachments = lines.last();
    if (attachments === null || typeof attachments !== 'object') return;
    for (const [key, value] of Object.entries(attachments)) {
      if (typeof value === 'string') takeAttachment(message, key, value, options);
    }
    settleEagleEye(message);
  },

  readAnswer(message, bytes, start, end) {
    const lines = new Lines(bytes, start, end);
    const kind = lines.value();
    if (kind !== answerKinds.exception && kind !== answerKinds.exceptionWithAttachments) return;
    const exception = lines.value();
    const fields = typeof exception === 'object' && exception !== null ? (exception as Record<string, unknown>) : {};
    setException(message, textOf(fields['@type']) || 'java.lang.Throwable', textOf(fields.message));
  },

  readError(bytes, start, end) {
    return new Lines(bytes, start, end).text();
  },
};

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

class Lines {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** The next line's text; '' when it is none. */
  text(): string {
    return textOf(this.value());
  }

  /** The next line's value; undefined when it is not whole, or no JSON. */
  value(): unknown {
    const start = this.#at;
    const found = find(this.#bytes, newline, start, this.#end);
    const stop = found < 0 ? this.#end : found;
    this.#at = found < 0 ? this.#end : found + 1;
    return parse(this.#bytes, start, stop);
  }

  /** The value of the last line. */
  last(): unknown {
    let stop = this.#end;
    while (stop > this.#at && (this.#bytes[stop - 1] === newline || this.#bytes[stop - 1] === carriageReturn)) stop--;
    const before = this.#bytes.subarray(this.#at, stop).lastIndexOf(newline);
    return parse(this.#bytes, this.#at + before + 1, stop);
  }
}

function parse(bytes: Buffer, start: number, end: number): unknown {
  if (end - start > longestLine || end <= start) return undefined;
  try {
    return JSON.parse(utf8(bytes, start, end));
  } catch {
    return undefined;
  }
}
