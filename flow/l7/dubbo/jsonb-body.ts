/**
 * Bodies in Fastjson 2's binary JSON, the default of Dubbo 3.2 and later: each value stands behind its u32 length. Of the values only these
 * are read (com.alibaba.fastjson2.JSONB):
 *
 *   49-78 ASCII text of 0 to 47 characters    79 ASCII text, 7a UTF-8, 7c UTF-16LE, 7d UTF-16BE: int length of the bytes
 *   f0-2f int -16 to 47    30-3f, 40-47 int of two, three bytes    48 int    bd i8    bc i16
 *   a6 object: keys and values up to a5       92 value with its type's name       7f symbol: text or the int of an earlier one       af null
 */
import { type BodyReader, countArguments, setCall, setException, settleEagleEye, takeAttachment } from './body.ts';
import { answerKinds } from './codes.ts';
import { JsonbReader } from './jsonb.ts';

export const jsonbBody: BodyReader = {
  readRequest(message, bytes, start, end, options) {
    const values = new Values(bytes, start, end);
    const version = values.text();
    const path = values.text();
    const serviceVersion = values.text();
    const method = values.text();
    if (path === '' || method === '') return;
    setCall(message, version, path, serviceVersion, method);
    for (let count = countArguments(values.text()); count > 0; count--) if (!values.next()) return;
    if (!values.next()) return;
    values.reader.object((key, value) => takeAttachment(message, key, value, options));
    settleEagleEye(message);
  },

  readAnswer(message, bytes, start, end) {
    const values = new Values(bytes, start, end);
    if (!values.next()) return;
    const kind = values.reader.int();
    if (kind !== answerKinds.exception && kind !== answerKinds.exceptionWithAttachments) return;
    values.next();
    let text = '';
    const className = values.reader.object((key, value) => {
      if (key === 'detailMessage' || key === 'message') text = value;
    });
    setException(message, className || 'java.lang.Throwable', text);
  },

  readError(bytes, start, end) {
    return new Values(bytes, start, end).text();
  },
};

/** The values of a body, one after the other. */
class Values {
  reader: JsonbReader;
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.reader = new JsonbReader(bytes, start, start);
  }

  /** Goes to the next value; of the last one less may be there than its length says. */
  next(): boolean {
    if (this.#at + 4 > this.#end) {
      this.reader = new JsonbReader(this.#bytes, this.#end, this.#end);
      return false;
    }
    const start = this.#at + 4;
    const stop = start + this.#bytes.readUInt32BE(this.#at);
    this.#at = Math.min(stop, this.#end);
    this.reader = new JsonbReader(this.#bytes, start, this.#at);
    return stop <= this.#end;
  }

  text(): string {
    return this.next() ? (this.reader.text() ?? '') : '';
  }
}
