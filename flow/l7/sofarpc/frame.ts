/**
 * Reads the fixed head of a Bolt frame (sofa-bolt: RpcProtocol, RpcProtocolV2). `+` marks what only version 2 has:
 *
 *   request                           response
 *    0  u8  protocol: 1 or 2           0  u8  protocol
 *  + 1  u8  version: 1 or 2          + 1  u8  version
 *    1  u8  type: 1, 2 one-way         1  u8  type: 0
 *    2  u16 command: 0 heartbeat,      2  u16 command: 0 heartbeat, 2 response
 *           1 request
 *    4  u8  version of the command     4  u8  version of the command
 *    5  u32 request id                 5  u32 request id
 *    9  u8  codec                      9  u8  codec
 *  +    u8  switches: 1 CRC          +    u8  switches
 *   10  i32 timeout, ms               10  u16 status
 *   14  u16 length of class           12  u16 length of class
 *   16  u16 length of header          14  u16 length of header
 *   18  u32 length of content         16  u32 length of content
 *   22  class, header, content        20  class, header, content       + u32 CRC of all (version 2 with the switch)
 */
import { commandCodes, commandTypes } from './codes.ts';

/** Longest content that is believed. */
const maxContent = 256 * 1024 * 1024;

/** One object per parser, filled anew for each frame. */
export class BoltFrame {
  protocol = 0;
  type = 0;
  command = 0;
  id = 0;
  codec = 0;
  /** Of a response; of a request -1. */
  status = -1;
  timeoutMs = 0;
  classAt = 0;
  headerAt = 0;
  contentAt = 0;
  contentEnd = 0;
  /** Where the next frame begins. */
  next = 0;

  /** False: no frame; `undefined`: too few bytes to tell. */
  read(bytes: Buffer, start: number, end: number): boolean | undefined {
    const available = end - start;
    this.protocol = bytes[start]!;
    if (this.protocol !== 1 && this.protocol !== 2) return false;
    const second = this.protocol - 1;
    if (available < 4 + second) return undefined;
    if (second === 1 && bytes[start + 1] !== 1 && bytes[start + 1] !== 2) return false;
    this.type = bytes[start + 1 + second]!;
    this.command = bytes.readUInt16BE(start + 2 + second);
    if (!isCommand(this.type, this.command)) return false;
    const isResponse = this.type === commandTypes.response;
    const size = (isResponse ? 20 : 22) + 2 * second;
    if (available < size) return undefined;
    this.id = bytes.readUInt32BE(start + 5 + second);
    this.codec = bytes[start + 9 + second]!;
    const fieldsAt = start + 10 + 2 * second;
    this.status = isResponse ? bytes.readUInt16BE(fieldsAt) : -1;
    this.timeoutMs = isResponse ? 0 : bytes.readInt32BE(fieldsAt);
    const lengthsAt = start + size - 8;
    const content = bytes.readUInt32BE(lengthsAt + 4);
    if (content > maxContent) return false;
    this.classAt = start + size;
    this.headerAt = this.classAt + bytes.readUInt16BE(lengthsAt);
    this.contentAt = this.headerAt + bytes.readUInt16BE(lengthsAt + 2);
    this.contentEnd = this.contentAt + content;
    const checked = second === 1 && bytes[start + 1] === 2 && (bytes[start + 11]! & 1) !== 0;
    this.next = this.contentEnd + (checked ? 4 : 0);
    return true;
  }
}

function isCommand(type: number, command: number): boolean {
  if (type === commandTypes.response) return command === commandCodes.response || command === commandCodes.heartbeat;
  return (
    (type === commandTypes.request || type === commandTypes.oneWay) &&
    (command === commandCodes.request || command === commandCodes.heartbeat)
  );
}
