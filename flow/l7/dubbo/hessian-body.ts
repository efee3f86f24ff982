/** Bodies in Hessian 2, Dubbo's default. */
import { Hessian2Reader } from '../hessian/final.ts';
import type { HessianReader } from '../hessian/reader.ts';
import { type BodyReader, countArguments, setCall, setException, settleEagleEye, takeAttachment } from './body.ts';
import { answerKinds } from './codes.ts';

export const hessianBody: BodyReader = {
  readRequest(message, bytes, start, end, options) {
    const reader = new Hessian2Reader(bytes, start, end);
    const version = reader.readText();
    const path = reader.readText();
    const serviceVersion = reader.readText();
    const method = reader.readText();
    if (reader.failed || path === null || method === null) return;
    setCall(message, version ?? '', path, serviceVersion ?? '', method);
    const types = reader.readText();
    if (reader.failed) return;
    let count = countArguments(types ?? '');
    if (count > 0 && (method === '$invoke' || method === '$invokeAsync')) {
      // A generic call: the first argument is the method that is meant.
      const target = reader.readText();
      if (target !== null) {
        message.fact('genericMethod', target);
        count--;
      }
    }
    for (; count > 0; count--) if (!reader.skip()) return;
    reader.readMap((key) => {
      const valueAt = reader.at;
      const value = reader.readText();
      if (value !== null) takeAttachment(message, key, value, options);
      return reader.at !== valueAt;
    });
    settleEagleEye(message);
  },

  readAnswer(message, bytes, start, end) {
    const reader = new Hessian2Reader(bytes, start, end);
    const kind = reader.readInt();
    if (kind !== answerKinds.exception && kind !== answerKinds.exceptionWithAttachments) return;
    const { className, text } = readThrowable(reader);
    if (className !== '') setException(message, className, text);
  },

  readError(bytes, start, end) {
    return new Hessian2Reader(bytes, start, end).readText() ?? '';
  },
};

/** The class and the text of a Java exception; empty when the value is none. */
export function readThrowable(reader: HessianReader): { className: string; text: string } {
  let text = '';
  const className = reader.readObject((field) => {
    if (field !== 'detailMessage' && field !== 'message') return false;
    const valueAt = reader.at;
    const value = reader.readText();
    if (value !== null && text === '') text = value;
    return reader.at !== valueAt;
  });
  return { className, text };
}
