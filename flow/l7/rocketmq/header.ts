/** Headers of RocketMQ's remoting commands, in JSON and in the binary form that is called ROCKETMQ. */
import { utf8, word } from '../text.ts';

/*
 * Command: length of all that follows (4), header length (3) behind the form (1: 0 JSON, 1 ROCKETMQ), header, body.
 * ROCKETMQ header: code (2), language (1), version (2), opaque (4), flag (4), remark (4 + text), extension fields (4 + pairs), of each:
 * name (2 + text), value (4 + text). Flag: bit 0 response, bit 1 nobody answers.
 */
export const forms = { json: 0, binary: 1 } as const;
export const prefixBytes = 8;
export const shortestBinary = 21;
const maxFields = 256;

export class Header {
  code = 0;
  version = 0;
  opaque = 0;
  flag = 0;
  remark = '';
  fields: Readonly<Record<string, string>> = {};

  get isResponse(): boolean {
    return (this.flag & 1) !== 0;
  }

  get isOneWay(): boolean {
    return (this.flag & 2) !== 0;
  }

  /** False when the bytes are no header of the form. */
  read(form: number, bytes: Buffer, start: number, end: number): boolean {
    return form === forms.json ? this.#json(bytes, start, end) : this.#binary(bytes, start, end);
  }

  #json(bytes: Buffer, start: number, end: number): boolean {
    let value: unknown;
    try {
      value = JSON.parse(utf8(bytes, start, end));
    } catch {
      return false;
    }
    if (typeof value !== 'object' || value === null) return false;
    const header = value as Record<string, unknown>;
    if (!Number.isSafeInteger(header.code) || !Number.isSafeInteger(header.opaque)) return false;
    this.code = header.code as number;
    this.opaque = header.opaque as number;
    this.flag = typeof header.flag === 'number' ? header.flag : 0;
    this.version = typeof header.version === 'number' ? header.version : -1;
    this.remark = typeof header.remark === 'string' ? header.remark : '';
    const fields = header.extFields;
    this.fields = typeof fields === 'object' && fields !== null ? (fields as Record<string, string>) : {};
    return true;
  }

  #binary(bytes: Buffer, start: number, end: number): boolean {
    if (!binaryFits(bytes, start, end)) return false;
    this.code = bytes.readInt16BE(start);
    this.version = bytes.readInt16BE(start + 3);
    this.opaque = bytes.readInt32BE(start + 5);
    this.flag = bytes.readInt32BE(start + 9);
    let at = start + 17 + bytes.readUInt32BE(start + 13);
    this.remark = utf8(bytes, start + 17, at, 2048);
    const fieldsEnd = at + 4 + bytes.readUInt32BE(at);
    at += 4;
    const fields: Record<string, string> = {};
    for (let count = 0; fieldsEnd - at >= 6 && count < maxFields; count++) {
      const nameEnd = at + 2 + bytes.readUInt16BE(at);
      if (nameEnd + 4 > fieldsEnd) break;
      const valueEnd = nameEnd + 4 + bytes.readUInt32BE(nameEnd);
      if (valueEnd > fieldsEnd) break;
      const name = word(bytes, at + 2, nameEnd);
      // What is on an object's prototype is no field.
      if (name !== '__proto__') fields[name] = utf8(bytes, nameEnd + 4, valueEnd);
      at = valueEnd;
    }
    this.fields = fields;
    return true;
  }

  /** An extension field; '' when there is none. Some clients write numbers. */
  field(name: string): string {
    const value: unknown = Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
    if (typeof value === 'string') return value;
    return typeof value === 'number' ? String(value) : '';
  }
}

/** Whether the lengths inside a binary header fill it. */
export function binaryFits(bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length < shortestBinary) return false;
  const remark = bytes.readUInt32BE(start + 13);
  if (remark > length - shortestBinary) return false;
  const fields = bytes.readUInt32BE(start + 17 + remark);
  return shortestBinary + remark + fields === length && (bytes.readInt32BE(start + 9) & ~3) === 0;
}
