/** Reads the objects that SOFARPC sends in Hessian: SofaRequest and SofaResponse. */
import type { HessianReader } from '../hessian/reader.ts';
import type { Message } from '../message.ts';

/** The call, for clients that do not put it into the header. */
export function readRequestContent(message: Message, reader: HessianReader): void {
  reader.readObject((field) => {
    if (field !== 'methodName' && field !== 'targetServiceUniqueName') return false;
    const valueAt = reader.at;
    const value = reader.readText() ?? '';
    if (field === 'methodName') message.method = value;
    else if (message.resource === '') message.resource = value;
    return reader.at !== valueAt;
  });
}

/** An error of the framework (`isError` with its text), or an exception of the service, which is the answer itself. */
export function readResponseContent(message: Message, reader: HessianReader): void {
  let failed = false;
  reader.readObject((field) => {
    const valueAt = reader.at;
    switch (field) {
      case 'isError':
        failed = reader.readBool() === true;
        break;
      case 'errorMsg': {
        const text = reader.readText() ?? '';
        if (failed) {
          message.fact('failed', true);
          message.error = text;
        }
        break;
      }
      case 'appResponse':
        return readAnswer(message, reader);
    }
    return reader.at !== valueAt;
  });
}

/** Java exceptions are told by the fields that every Throwable has. */
function readAnswer(message: Message, reader: HessianReader): boolean {
  const valueAt = reader.at;
  let isThrowable = false;
  let text = '';
  const className = reader.readObject((field) => {
    if (field === 'stackTrace') isThrowable = true;
    if (field !== 'detailMessage') return false;
    isThrowable = true;
    const fieldAt = reader.at;
    text = reader.readText() ?? '';
    return reader.at !== fieldAt;
  });
  if (isThrowable && className !== '') {
    message.fact('exception', className);
    message.error = text === '' ? className : `${className}: ${text}`;
  }
  return reader.at !== valueAt;
}
