/**
 * Reads Tars and TUP packets (TarsCloud, RequestF.tars): u32 length of the packet, itself included, then the fields of a structure:
 *
 *   tag  RequestPacket                          ResponsePacket
 *    1   iVersion: 1 Tars, 2 and 3 TUP, 5 JSON   iVersion
 *    2   cPacketType: 0 normal, 1 one-way        cPacketType
 *    3   iMessageType                            iRequestId
 *    4   iRequestId                              iMessageType
 *    5   sServantName, a text                    iRet, a number
 *    6   sFuncName                               sBuffer
 *    7   sBuffer                                 status, a map of texts
 *    8   iTimeout, in milliseconds               sResultDesc
 *    9   context, a map of texts                 context
 *   10   status, a map of texts
 *
 * The answer of TUP is a RequestPacket too, with `STATUS_RESULT_CODE` and `STATUS_RESULT_DESC` in its status.
 */
import { offerTraceHeader } from '../../trace-context/headers.ts';
import { windowBytes } from '../connection.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { clientFaults } from './codes.ts';
import { fieldTypes, TarsFields } from './fields.ts';
import { readTarsTrace } from './trace.ts';

export const minPacket = 12;
/** The frameworks refuse longer ones (100 MiB). */
export const maxPacket = 100 * 1024 * 1024;

export class TarsParser implements Parser {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    const available = end - start;
    if (available < 4) return full ? lost : start;
    const length = bytes.readUInt32BE(start);
    if (length < minPacket || length > maxPacket) return lost;
    // What stands behind a buffer larger than the window is not waited for.
    const wanted = length <= windowBytes ? length : 1024;
    if (available < wanted && !full) return start;
    const fields = new TarsFields(bytes, start + 4, Math.min(end, start + length));
    if (!fields.next() || fields.tag !== 1 || !fields.readNumber()) return lost;
    this.#readPacket(input, length, fields);
    return start + length;
  }

  #readPacket(input: Input, length: number, fields: TarsFields): void {
    const version = fields.number;
    const numbers = [0, 0, 0, 0, 0, 0];
    let isCall = false;
    while (fields.next() && fields.tag <= 5) {
      if (fields.tag === 5 && (fields.type === fieldTypes.text1 || fields.type === fieldTypes.text4)) {
        isCall = true;
        break;
      }
      if (!fields.readNumber()) break;
      numbers[fields.tag] = fields.number;
    }
    const answers = isCall && input.side === 1;
    const oneWay = isCall && !answers && numbers[2] === 1;
    const message = this.#session.begin(isCall && !answers ? (oneWay ? 'session' : 'request') : 'response', input);
    message.version = String(version);
    message.frameLength = length;
    message.id = numbers[isCall ? 4 : 3]!;
    if (isCall) this.#call(message, fields, answers);
    else {
      setResult(message, numbers[5]!);
      this.#response(message, fields);
    }
    this.#session.emit(message);
  }

  #call(message: Message, fields: TarsFields, answers: boolean): void {
    const { options } = this.#session;
    let service = fields.readText();
    let method = '';
    if (service !== null && fields.next() && fields.tag === 6) method = fields.readText() ?? '';
    service ??= '';
    message.method = method;
    message.resource = service;
    message.endpoint = `${service}/${method}`;
    if (answers) setResult(message, 0);
    while (fields.next()) {
      if (fields.tag === 8) {
        if (!fields.readNumber()) return;
        message.fact('timeoutMs', fields.number);
      } else if (fields.tag === 9 || fields.tag === 10) {
        const isStatus = fields.tag === 10;
        const whole = fields.readTexts((key, value) => {
          if (answers && isStatus) takeResult(message, key, value);
          else if (isStatus && key === 'STATUS_TRACE_KEY') readTarsTrace(message, value);
          else offerTraceHeader(message, key, value, options);
        });
        if (!whole) return;
      } else if (!fields.skip()) return;
    }
  }

  /** From the current field on, which is the first that is not read yet. */
  #response(message: Message, fields: TarsFields): void {
    do {
      if (fields.tag <= 5) return;
      if (fields.tag === 8) {
        const text = fields.readText();
        if (text === null) return;
        if (message.status !== 'ok') message.error = text.slice(0, this.#session.options.maxText);
      } else if (!fields.skip()) return;
    } while (fields.next());
  }
}

function takeResult(message: Message, key: string, value: string): void {
  if (key === 'STATUS_RESULT_CODE') setResult(message, Number.parseInt(value, 10) || 0);
  else if (key === 'STATUS_RESULT_DESC') message.error = value;
}

function setResult(message: Message, code: number): void {
  message.statusCode = code;
  message.status = code === 0 ? 'ok' : clientFaults.has(code) ? 'client_error' : 'server_error';
}
