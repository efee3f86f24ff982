/** Reads a Pulsar connection: commands pair by request id, messages that are sent by producer and sequence number. */
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { ProtobufFields, wireTypes } from '../protobuf-fields.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { type Command, errorName } from './commands.ts';
import { readMetadata } from './message-metadata.ts';
import { commandAt, prefixBytes, probePulsar, sizesFit } from './probe.ts';

/** Behind the command so much is looked at. */
const metadataBytes = 8 * 1024;
/** Producers, and consumers, whose topics are kept. */
const maxNames = 4096;

const base = new ProtobufFields();
const fields = new ProtobufFields();

/** What a producer or consumer id stands for on this connection. */
interface Named {
  readonly topic: string;
  readonly subscription: string;
  readonly label: string;
}

const nobody: Named = { topic: '', subscription: '', label: '' };

/** What was found in a command. */
class Found {
  topic = '';
  subscription = '';
  label = '';
  text = '';
  request = -1;
  producer = -1;
  consumer = -1;
  sequence = -1;
  error = -1;
  failed = false;
  ready = true;
  count = 0;
  version = -1;
  broker = '';
  software = '';

  clear(): void {
    this.topic = '';
    this.subscription = '';
    this.label = '';
    this.text = '';
    this.request = -1;
    this.producer = -1;
    this.consumer = -1;
    this.sequence = -1;
    this.error = -1;
    this.failed = false;
    this.ready = true;
    this.count = 0;
    this.version = -1;
    this.broker = '';
    this.software = '';
  }
}

const found = new Found();

export class PulsarParser implements Parser {
  readonly #session: Session;
  readonly #producers = new Map<number, Named>();
  readonly #consumers = new Map<number, Named>();
  /** Broker behind a proxy that the connection goes on to. */
  #broker = '';
  readonly #asked: [number, number] = [0, 0];
  readonly #answered: [number, number] = [0, 0];

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    if (!sizesFit(bytes, start, end)) return lost;
    if (end - start < prefixBytes + 2) return full ? end : start;
    const command = commandAt(bytes, start);
    if (command !== undefined && command.side !== null && command.side !== input.side) return lost;
    const next = start + 4 + bytes.readUInt32BE(start);
    const commandEnd = start + prefixBytes + bytes.readUInt32BE(start + 4);
    // A command of a later version passes by.
    if (command === undefined) return bytes[start + prefixBytes] === 0x08 ? next : lost;
    const head = Math.min(next, commandEnd + metadataBytes);
    if (commandEnd > end) return full ? end : start;
    if (head > end && !full) return start;
    if (!readCommand(bytes, start + prefixBytes, commandEnd, command)) return lost;
    const message = this.#session.begin(command.kind, input);
    message.method = command.name;
    message.frameLength = next - start;
    this.#fill(message, command);
    if (commandEnd < Math.min(head, end)) {
      const metadataEnd = readMetadata(message, bytes, commandEnd, Math.min(head, end), this.#session.options);
      if (metadataEnd > 0 && metadataEnd <= next) message.fact('payloadSize', next - metadataEnd);
    }
    this.#session.emit(message);
    return next;
  }

  resume(input: Input): boolean {
    const verdict = probePulsar(input);
    return verdict === 'either' || verdict === (input.side === 0 ? 'client' : 'server');
  }

  /** Which PING a PONG answers is not known any more. */
  gap(): void {
    for (const side of [0, 1] as const) this.#answered[side] = this.#asked[side];
  }

  #fill(message: Message, command: Command): void {
    const { side } = message;
    switch (command.name) {
      case 'CONNECT':
        this.#broker = found.broker;
        message.id = 'connect';
        break;
      case 'CONNECTED':
        message.id = 'connect';
        break;
      case 'AUTH_CHALLENGE':
      case 'AUTH_RESPONSE':
        message.id = 'challenge';
        break;
      case 'PING':
        message.id = pingId(side, this.#asked[side]++);
        break;
      case 'PONG':
        this.#pong(message);
        break;
      default:
        this.#identify(message, command);
    }
    if (found.version >= 0) message.version = String(found.version);
    message.domain = this.#broker;
    if (found.software !== '') message.fact('software', found.software);
    this.#name(message, command);
    if (message.kind === 'response') this.#outcome(message);
  }

  #identify(message: Message, command: Command): void {
    if (command.sequence !== 0) {
      message.id = `${found.producer}.${found.sequence}`;
      message.fact('requestId', Math.max(0, found.sequence));
      if (found.count > 1) message.fact('messageCount', found.count);
      return;
    }
    if (found.request < 0) return;
    // A broker that closes a producer or consumer wants no answer, and counts for itself.
    if (command.kind === 'request' && message.side === 1) {
      message.kind = 'session';
      message.fact('requestId', found.request);
      return;
    }
    // An ACK with a request id is answered by ACK_RESPONSE.
    if (command.name === 'ACK') message.kind = 'request';
    message.id = found.request;
    if (command.name === 'PRODUCER_SUCCESS' && !found.ready) message.more = true;
  }

  #pong(message: Message): void {
    const asker: Side = message.side === 0 ? 1 : 0;
    // Without a PING that was seen nothing is known of it.
    if (this.#answered[asker] >= this.#asked[asker]) message.kind = 'session';
    else message.id = pingId(asker, this.#answered[asker]++);
  }

  /** Topic and subscription: told by the command, or by the id it has, or by the request it answers. */
  #name(message: Message, command: Command): void {
    if (command.name === 'PRODUCER') keep(this.#producers, found.producer);
    else if (command.name === 'SUBSCRIBE') keep(this.#consumers, found.consumer);
    let named = nobody;
    if (found.producer >= 0) named = this.#producers.get(found.producer) ?? nobody;
    else if (found.consumer >= 0) named = this.#consumers.get(found.consumer) ?? nobody;
    const topic = found.topic || named.topic;
    message.resource = localName(topic);
    if (topic.length !== message.resource.length) message.fact('topic', topic);
    const subscription = found.subscription || named.subscription;
    if (subscription !== '') message.fact('subscription', subscription);
    const label = found.label || named.label;
    if (label !== '') message.fact('clientName', label);
    if (found.producer >= 0) message.fact('producerId', found.producer);
    if (found.consumer >= 0) message.fact('consumerId', found.consumer);
    if (message.kind === 'response' && topic === '' && message.id !== '')
      message.resource = this.#session.pending(message.id)?.resource ?? '';
    message.endpoint = message.resource;
  }

  #outcome(message: Message): void {
    if (found.error < 0 && !found.failed) {
      message.status = 'ok';
      return;
    }
    const code = Math.max(0, found.error);
    message.status = 'server_error';
    message.statusCode = code;
    message.result = errorName(code);
    message.error = found.text;
  }
}

/** `my-topic` of `persistent://tenant/namespace/my-topic`; short names come as they are. */
function localName(topic: string): string {
  return topic.includes('://') ? topic.slice(topic.lastIndexOf('/') + 1) : topic;
}

function pingId(side: Side, count: number): string {
  return `${side === 0 ? 'client' : 'server'}-ping-${count}`;
}

function keep(names: Map<number, Named>, id: number): void {
  if (id < 0) return;
  if (names.size >= maxNames) names.delete(names.keys().next().value!);
  names.set(id, { topic: found.topic, subscription: found.subscription, label: found.label });
}

/** Fills {@link found} from the command's own message; false when there is none. */
function readCommand(bytes: Buffer, start: number, end: number, command: Command): boolean {
  found.clear();
  base.begin(bytes, start, end);
  let seen = false;
  while (base.next()) {
    if (base.number === 1 || base.wireType !== wireTypes.length) continue;
    seen = true;
    fields.begin(bytes, base.start, base.end);
    while (fields.next()) readField(command);
    if (fields.bad) return false;
  }
  return seen && !base.bad;
}

function readField(command: Command): void {
  const { number, value } = fields;
  if (fields.wireType === wireTypes.length) {
    if (number === command.topic) {
      if (found.topic === '') found.topic = fields.word();
    } else if (number === command.subscription) found.subscription = fields.word();
    else if (number === command.label) found.label = fields.word();
    else if (number === command.text) found.text = fields.text(1024);
    else if (command.name === 'CONNECT') {
      if (number === 1) found.software = fields.word();
      else if (number === 6) found.broker = fields.word();
    } else if (command.name === 'CONNECTED' && number === 1) found.software = fields.word();
    return;
  }
  if (fields.wireType !== wireTypes.varint) return;
  if (number === command.request) found.request = value;
  else if (number === command.producer) found.producer = value;
  else if (number === command.consumer) found.consumer = value;
  else if (number === command.sequence) found.sequence = value;
  else if (number === command.error) found.error = value;
  else readOther(command.name, number, value);
}

function readOther(name: string, number: number, value: number): void {
  switch (name) {
    case 'CONNECT':
      if (number === 4) found.version = value;
      break;
    case 'CONNECTED':
      if (number === 2) found.version = value;
      break;
    case 'SEND':
      if (number === 3) found.count = value;
      break;
    case 'PRODUCER_SUCCESS':
      if (number === 6) found.ready = value !== 0;
      break;
    case 'PARTITIONED_METADATA_RESPONSE':
      if (number === 3) found.failed = value === 1;
      break;
    case 'LOOKUP_RESPONSE':
      if (number === 3) found.failed = value === 2;
      break;
    default:
  }
}
