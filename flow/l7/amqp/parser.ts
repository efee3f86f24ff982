/** Reads an AMQP 0-9-1 connection: methods pair by channel, a message's content belongs to the method before it. */
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { startsWith, word } from '../text.ts';
import { Arguments } from './arguments.ts';
import { readProperties } from './content-header.ts';
import { frameHeadBytes, framePlausible, frameTypes, headerVersion } from './frames.ts';
import { className, isServerFault, type Method, methodOf, replyName } from './methods.ts';
import { Outstanding } from './outstanding.ts';
import { TableCursor } from './table.ts';

/** As much of a method or content header is looked at. */
const headBytes = 16 * 1024;
/** Consumers and half-read contents that are kept. */
const maxConsumers = 1024;
const maxContents = 256;

const args = new Arguments();
const table = new TableCursor();

const closeMethods: ReadonlySet<string> = new Set(['Connection.Close', 'Channel.Close']);
const closeOkMethods: ReadonlySet<string> = new Set(['Connection.CloseOk', 'Channel.CloseOk']);

/*
 * client                    server
 *   "AMQP" 0 0 9 1            Connection.Start
 *   StartOk                   Tune
 *   TuneOk, Open              OpenOk
 *   Channel.Open              OpenOk            then on each channel, each by its own:
 *   Queue.Declare …           DeclareOk …       request and answer, in order
 *   Basic.Publish, header, body …               nobody answers, but Ack when Confirm.Select was said
 *                             Basic.Deliver, header, body …
 *   any request               Close instead of its answer, when it is refused
 */
export class AmqpParser implements Parser {
  readonly #session: Session;
  readonly #outstanding = new Outstanding();
  #vhost = '';
  #clientName = '';
  /** Publish, Deliver, GetOk, Return that wait for their content header; by channel and side. */
  readonly #contents = new Map<number, Message>();
  /** Queue of each consumer tag. */
  readonly #consumers = new Map<string, string>();

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    if (bytes[start] === 0x41) return this.#protocolHeader(input);
    const plausible = framePlausible(bytes, start, end);
    if (plausible === 'no') return lost;
    if (plausible === 'more') return full ? end : start;
    const size = bytes.readUInt32BE(start + 3);
    const next = start + frameHeadBytes + size + 1;
    const type = bytes[start]!;
    const head = Math.min(next, start + headBytes);
    if ((type === frameTypes.method || type === frameTypes.header) && head > end && !full) return start;
    const channel = bytes.readUInt16BE(start + 1);
    const message = this.#session.begin('session', input);
    message.frameLength = next - start;
    message.domain = this.#vhost;
    message.fact('channel', channel);
    const limit = Math.min(next - 1, head, end);
    switch (type) {
      case frameTypes.method:
        return this.#method(message, input, channel, limit) ? next : lost;
      case frameTypes.header:
        if (limit - start < frameHeadBytes + 12) return full ? end : lost;
        this.#header(message, bytes, start + frameHeadBytes, limit, channel);
        return next;
      case frameTypes.body:
        message.method = 'Body';
        message.part = true;
        message.fact('payloadSize', size);
        this.#session.emit(message);
        return next;
      default:
        message.method = 'Heartbeat';
        message.part = true;
        this.#session.emit(message);
        return next;
    }
  }

  /** After a gap: any whole frame, or one whose head fits. */
  resume({ bytes, start, end }: Input): boolean {
    if (framePlausible(bytes, start, end) !== 'yes') return false;
    const mark = start + frameHeadBytes + bytes.readUInt32BE(start + 3);
    if (bytes[start] === frameTypes.method)
      return end - start >= 11 && methodOf(bytes.readUInt16BE(start + 7), bytes.readUInt16BE(start + 9)) !== undefined;
    if (bytes[start] === frameTypes.header) return end - start >= 11 && bytes.readUInt32BE(start + 7) === 60 << 16;
    return mark < end;
  }

  gap(side: Side): void {
    this.#flush(side);
    this.#outstanding.clear();
  }

  finish(side: Side): void {
    this.#flush(side);
  }

  #protocolHeader(input: Input): number {
    const { bytes, start, end } = input;
    if (end - start < 8) {
      if (!startsWith(bytes, start, end, 'AMQP'.slice(0, Math.min(4, end - start)))) return lost;
      return input.full ? end : start;
    }
    const version = headerVersion(bytes, start);
    if (version === '') return lost;
    const message = this.#session.begin('session', input);
    message.method = 'ProtocolHeader';
    message.version = version;
    // The connection is told by Start and Open; a server that refuses the version says so with this, and that is all of it.
    if (input.side === 0) message.part = true;
    else message.status = 'client_error';
    this.#session.emit(message);
    return start + 8;
  }

  #method(message: Message, input: Input, channel: number, limit: number): boolean {
    const { bytes, start, side } = input;
    if (limit - start < frameHeadBytes + 4) return false;
    const method = methodOf(bytes.readUInt16BE(start + 7), bytes.readUInt16BE(start + 9));
    if (method === undefined || (method.side !== null && method.side !== side)) return false;
    message.method = method.name;
    args.read(method.args, bytes, start + 11, limit);
    this.#names(message, method, bytes, limit);
    if (closeMethods.has(method.name)) this.#close(message, channel);
    else if (method.answersTo !== 0) this.#answer(message, method, channel);
    else if (method.answers.length > 0 && !args.nowait) {
      message.kind = 'request';
      message.id = this.#outstanding.add(channel, side, method);
    }
    if (method.name === 'Basic.Return') {
      message.statusCode = args.code;
      message.status = 'client_error';
      message.error = args.text;
      message.result = replyName(args.code);
    }
    if (method.content) this.#hold(message, channel);
    else this.#session.emit(message);
    return true;
  }

  #names(message: Message, method: Method, bytes: Buffer, limit: number): void {
    const { exchange, routingKey, consumerTag } = args;
    let { queue } = args;
    if (consumerTag !== '') {
      message.fact('consumerTag', consumerTag);
      if (method.name === 'Basic.Consume') this.#consume(consumerTag, queue);
      else queue = this.#consumers.get(consumerTag) ?? '';
    }
    if (exchange !== '') message.fact('exchange', exchange);
    if (routingKey !== '') message.fact('routingKey', routingKey);
    if (queue !== '') message.fact('queue', queue);
    if (exchange !== '' || routingKey !== '') message.endpoint = `${exchange}.${routingKey}`;
    else message.endpoint = queue;
    message.resource = message.endpoint;
    if (args.deliveryTag >= 0) message.fact('deliveryTag', args.deliveryTag);
    if (args.redelivered) message.fact('redelivered', true);
    if (args.multiple) message.fact('multiple', true);
    if (args.messageCount >= 0) message.fact('messageCount', args.messageCount);
    if (method.name === 'Connection.Open') {
      this.#vhost = args.vhost;
      message.domain = args.vhost;
    } else if (method.name === 'Connection.StartOk') {
      if (args.mechanism !== '') message.fact('mechanism', args.mechanism);
      this.#readClientName(bytes, limit);
    } else if (method.name === 'Connection.Blocked') message.result = args.text;
    if (this.#clientName !== '') message.fact('clientName', this.#clientName);
  }

  #consume(tag: string, queue: string): void {
    if (this.#consumers.size >= maxConsumers) this.#consumers.delete(this.#consumers.keys().next().value!);
    this.#consumers.set(tag, queue);
  }

  /** RabbitMQ's clients give a connection a name in `connection_name`. */
  #readClientName(bytes: Buffer, limit: number): void {
    if (args.tableAt < 0) return;
    table.begin(bytes, args.tableAt, limit);
    while (table.next()) {
      if (word(bytes, table.nameStart, table.nameEnd) === 'connection_name')
        this.#clientName = table.text.slice(0, 256);
    }
  }

  /** A Close with an error takes the place of the answer it refuses; a normal one is answered by CloseOk. */
  #close(message: Message, channel: number): void {
    const { code } = args;
    message.statusCode = code;
    if (code < 300) {
      message.status = 'ok';
      message.result = args.text;
    } else {
      message.status = isServerFault(code) ? 'server_error' : 'client_error';
      message.error = args.text;
      message.result = replyName(code);
      const refused = this.#outstanding.refused(channel, message.side, args.failedClass, args.failedMethod);
      if (refused !== '') {
        message.kind = 'response';
        message.id = refused;
        return;
      }
    }
    message.kind = 'request';
    const method = channel === 0 ? methodOf(10, 50)! : methodOf(20, 40)!;
    message.id = this.#outstanding.add(channel, message.side, method);
  }

  #answer(message: Message, method: Method, channel: number): void {
    message.kind = 'response';
    message.status = 'ok';
    message.id = this.#outstanding.answered(channel, message.side, method);
    // It acknowledges a Close that was itself the answer to something.
    if (message.id === '' && closeOkMethods.has(method.name)) message.part = true;
    // No number: an answer to something that was not seen must not take the place of another.
    if (message.id === '') message.id = `unknown.${channel}`;
  }

  /** Told when its content header is there, which has the trace context. */
  #hold(message: Message, channel: number): void {
    const key = channel * 2 + message.side;
    const before = this.#contents.get(key);
    if (before !== undefined) this.#cut(before);
    else if (this.#contents.size >= maxContents) this.#flush(message.side);
    message.sizeBytes = message.frameLength;
    this.#contents.set(key, message);
  }

  #header(message: Message, bytes: Buffer, at: number, limit: number, channel: number): void {
    message.method = 'Header';
    message.part = true;
    message.fact('class', className(bytes.readUInt16BE(at)));
    const bodySize = bytes.readUInt32BE(at + 4) * 0x1_0000_0000 + bytes.readUInt32BE(at + 8);
    message.fact('bodySize', bodySize);
    const key = channel * 2 + message.side;
    const owner = this.#contents.get(key);
    readProperties(owner ?? message, bytes, at + 12, limit, this.#session.options);
    if (owner !== undefined) {
      message.trace = owner.trace;
      owner.fact('bodySize', bodySize);
      owner.sizeBytes += message.frameLength + bodySize;
      this.#contents.delete(key);
      this.#session.emit(owner);
    }
    this.#session.emit(message);
  }

  #flush(side: Side): void {
    for (const [key, message] of this.#contents) {
      if (message.side !== side) continue;
      this.#contents.delete(key);
      this.#cut(message);
    }
  }

  /** Its content header will not come. */
  #cut(message: Message): void {
    message.complete = false;
    this.#session.emit(message);
  }
}
