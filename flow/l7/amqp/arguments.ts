/** Reads the arguments of a method as its table lists them. */
import { word } from '../text.ts';
import type { Argument } from './methods.ts';

/** The arguments that are kept; filled anew by {@link read}. */
export class Arguments {
  exchange = '';
  routingKey = '';
  queue = '';
  destination = '';
  vhost = '';
  consumerTag = '';
  text = '';
  mechanism = '';
  code = 0;
  failedClass = 0;
  failedMethod = 0;
  deliveryTag = -1;
  messageCount = -1;
  redelivered = false;
  multiple = false;
  nowait = false;
  /** Where the table of properties is; -1 none. */
  tableAt = -1;

  /** Reads as far as the bytes go. */
  read(args: readonly Argument[], bytes: Buffer, start: number, end: number): void {
    this.#clear();
    let at = start;
    for (const { type, name, nowaitBit } of args) {
      if (at >= end) return;
      switch (type) {
        case 'o':
          at += 1;
          break;
        case 'b':
          if (nowaitBit >= 0) this.nowait = ((bytes[at]! >> nowaitBit) & 1) !== 0;
          else this.#bit(name, (bytes[at]! & 1) !== 0);
          at += 1;
          break;
        case 'h':
          if (end - at >= 2) this.#number(name, bytes.readUInt16BE(at));
          at += 2;
          break;
        case 'l':
          if (end - at >= 4) this.#number(name, bytes.readUInt32BE(at));
          at += 4;
          break;
        case 'L':
          if (end - at >= 8) this.#number(name, bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4));
          at += 8;
          break;
        case 's': {
          const next = at + 1 + bytes[at]!;
          if (next > end) return;
          if (name !== '') this.#text(name, word(bytes, at + 1, next));
          at = next;
          break;
        }
        default:
          // A table, or a long string.
          if (end - at < 4) return;
          if (type === 't' && name !== '') this.tableAt = at;
          at += 4 + bytes.readUInt32BE(at);
      }
    }
  }

  #clear(): void {
    this.exchange = '';
    this.routingKey = '';
    this.queue = '';
    this.destination = '';
    this.vhost = '';
    this.consumerTag = '';
    this.text = '';
    this.mechanism = '';
    this.code = 0;
    this.failedClass = 0;
    this.failedMethod = 0;
    this.deliveryTag = -1;
    this.messageCount = -1;
    this.redelivered = false;
    this.multiple = false;
    this.nowait = false;
    this.tableAt = -1;
  }

  #bit(name: string, value: boolean): void {
    if (name === 'redelivered') this.redelivered = value;
    else if (name === 'multiple') this.multiple = value;
  }

  #number(name: string, value: number): void {
    switch (name) {
      case 'code':
        this.code = value;
        break;
      case 'failedClass':
        this.failedClass = value;
        break;
      case 'failedMethod':
        this.failedMethod = value;
        break;
      case 'deliveryTag':
        this.deliveryTag = value;
        break;
      case 'messageCount':
        this.messageCount = value;
        break;
      default:
    }
  }

  #text(name: string, value: string): void {
    switch (name) {
      case 'exchange':
        this.exchange = value;
        break;
      case 'routingKey':
        this.routingKey = value;
        break;
      case 'queue':
        this.queue = value;
        break;
      case 'destination':
        this.destination = value;
        break;
      case 'vhost':
        this.vhost = value;
        break;
      case 'consumerTag':
        this.consumerTag = value;
        break;
      case 'text':
        this.text = value;
        break;
      case 'mechanism':
        this.mechanism = value;
        break;
      default:
    }
  }
}
