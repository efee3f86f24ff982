/**
 * Reads TLS from the first hello to the end of the handshake (RFC 8446 §4, §5; RFC 5246 §6, §7; RFC 6101 for SSL 3.0), then stops.
 *
 * | record  | bytes | |
 * |---------|-------|-------------------------------------------------------------------|
 * | type    | 1     | 20 change cipher spec, 21 alert, 22 handshake, 23 application data |
 * | version | 2     | 3.0 to 3.4; says little since TLS 1.3                              |
 * | length  | 2     | of what follows                                                    |
 *
 *   ≤ 1.2  ClientHello ► ◄ ServerHello Certificate … ServerHelloDone  … CCS Finished ► ◄ CCS Finished   end: both have finished,
 *          resumed: ClientHello ► ◄ ServerHello CCS Finished  CCS Finished ►                            or the server sends data
 *   1.3    ClientHello ► [◄ HelloRetryRequest  ClientHello ►] ◄ ServerHello {encrypted …}  {Finished} ►   end: the client's Finished;
 *          with a certificate of the client, which the server may still refuse: the server's next record
 *   any    alert: end, failed          last byte of a side: end, failed
 */
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { alertName } from './alerts.ts';
import { readFirstCertificate } from './certificate.ts';
import { Handshake } from './handshake.ts';
import { readClientHello, readServerHello } from './hello.ts';
import { HandshakeJoiner, type TakeMessage } from './joiner.ts';
import { handshakes, records, tls13, versionText } from './numbers.ts';
import { recordHeadBytes, recordLength } from './probe.ts';

/** Records of one handshake; who sends more is not shaking hands. */
const maxRecords = 1024;
const fatal = 2;
const alerts = { closeNotify: 0, userCanceled: 90 } as const;
const namedCurve = 3;
const ccm8 = 0x1305;

class SideState {
  readonly joiner = new HandshakeJoiner();
  /** Has changed the cipher, up to TLS 1.2. */
  encrypted = false;
  finished = false;
}

export class TlsParser implements Parser {
  readonly #session: Session;
  readonly #sides: readonly [SideState, SideState] = [new SideState(), new SideState()];
  readonly #handshake = new Handshake();
  #request: Message | null = null;
  #response: Message | null = null;
  #asked = false;
  #ended = false;
  #helloDone = false;
  /** TLS 1.3: the client sent more than its Finished, so the server has the last word. */
  #serverDecides = false;
  #records = 0;
  /** Where what was read of the server's stream ends. */
  #serverOffset = 0;
  #input: Input | null = null;
  readonly #take: [TakeMessage, TakeMessage];

  constructor(session: Session) {
    this.#session = session;
    this.#take = [
      (type, bytes, start, end) => this.#fromClient(type, bytes, start, end),
      (type, bytes, start, end) => this.#fromServer(type, bytes, start, end),
    ];
  }

  read(input: Input): number {
    const { bytes, start, end, side, full } = input;
    if (this.#ended) {
      this.#session.stop();
      return end;
    }
    if (end - start < recordHeadBytes) return full ? end : start;
    const length = recordLength(bytes, start);
    if (length < 0) return lost;
    const whole = start + recordHeadBytes + length;
    if (whole > end && !full) return start;
    const next = Math.min(whole, end);
    if (side === 1) this.#serverOffset = input.offset + next - start;
    this.#input = input;
    this.#record(input, bytes[start]!, start + recordHeadBytes, next, length);
    this.#input = null;
    if (++this.#records > maxRecords) this.#end(input.timeNs, input.frame);
    return next;
  }

  /** After lost bytes: where a record begins. */
  resume(input: Input): boolean {
    return input.end - input.start >= recordHeadBytes && recordLength(input.bytes, input.start) >= 0;
  }

  /** What came before the gap is told; without part of the server's flight its end cannot be trusted. */
  gap(side: Side): void {
    this.#flush(side);
    if (side === 1) this.#endWithout('');
  }

  finish(side: Side): void {
    this.#flush(side);
    if (!this.#ended) this.#endWithout('closed', side);
  }

  #record(input: Input, type: number, at: number, end: number, length: number): void {
    const { side, bytes } = input;
    const state = this.#sides[side];
    const version = this.#handshake.server?.version ?? 0;
    switch (type) {
      case records.handshake:
        if (state.encrypted) this.#finished(input, state);
        else this.#clear(input, state, at, end);
        break;
      case records.changeCipherSpec:
        // In TLS 1.3 it is there to please middleboxes and means nothing (RFC 8446 §5).
        if (version === 0 || isTls13(version)) break;
        state.encrypted = true;
        if (side === 1) this.#handshake.resumed = !this.#helloDone;
        break;
      case records.alert:
        if (length > 2) this.#fail(input, 'encrypted_alert', -1);
        else if (end - at === 2) this.#alert(input, bytes[at]!, bytes[at + 1]!);
        break;
      case records.applicationData:
        if (isTls13(version)) this.#encrypted(input, length);
        else if (version !== 0 && side === 1) this.#establish(input);
        break;
    }
  }

  /** Handshake messages in the clear. */
  #clear(input: Input, state: SideState, at: number, end: number): void {
    if (input.side === 0) this.#request ??= this.#session.begin('request', input);
    else this.#response ??= this.#session.begin('response', input);
    state.joiner.add(input.bytes, at, end, this.#take[input.side]);
  }

  #fromClient(type: number, bytes: Buffer, start: number, end: number): void {
    if (type === handshakes.clientHello && !this.#asked) this.#ask(bytes, start, end);
    else if (type === handshakes.certificate) {
      this.#handshake.clientCertificate ??= readFirstCertificate(bytes, start, end);
    }
  }

  #fromServer(type: number, bytes: Buffer, start: number, end: number): void {
    const handshake = this.#handshake;
    switch (type) {
      case handshakes.serverHello: {
        const hello = readServerHello(bytes, start, end);
        if (hello === null || handshake.server !== null) break;
        if (hello.retry) {
          handshake.retried = true;
          break;
        }
        handshake.server = hello;
        handshake.group = hello.group;
        handshake.resumed = isTls13(hello.version) && hello.preSharedKey;
        break;
      }
      case handshakes.certificate:
        handshake.serverCertificate ??= readFirstCertificate(bytes, start, end);
        break;
      case handshakes.serverKeyExchange:
        // RFC 8422 §5.4: only elliptic curves name themselves; other exchanges begin with a length.
        if (end - start >= 4 && bytes[start] === namedCurve) handshake.group = bytes.readUInt16BE(start + 1);
        break;
      case handshakes.serverHelloDone:
        this.#helloDone = true;
        break;
    }
  }

  #ask(bytes: Buffer, start: number, end: number): void {
    const request = this.#request;
    const hello = readClientHello(bytes, start, end);
    if (request === null || hello === null) return;
    this.#asked = true;
    this.#handshake.client = hello;
    request.method = 'ClientHello';
    request.domain = hello.serverName;
    request.resource = hello.serverName;
    request.version = versionText(hello.version);
    request.detail = this.#handshake;
    if (this.#input !== null) {
      request.timeNs = this.#input.timeNs;
      request.frame = this.#input.frame;
    }
    this.#session.emit(request);
  }

  /** The first record under the new cipher is the Finished. */
  #finished(input: Input, state: SideState): void {
    state.finished = true;
    if (this.#sides[0].finished && this.#sides[1].finished) this.#establish(input);
  }

  /** TLS 1.3: what an encrypted record is can be told by its length and place. */
  #encrypted(input: Input, length: number): void {
    const tag = this.#handshake.server!.cipher === ccm8 ? 8 : 16;
    // Two bytes of alert, the type, the tag. Data of the client may be as short when it is early.
    const alert = length === 2 + 1 + tag;
    const early = this.#handshake.client?.earlyData === true;
    if (input.side === 1) {
      if (alert) this.#fail(input, 'encrypted_alert', -1);
      else if (this.#serverDecides) this.#establish(input);
    } else if (alert && !early) this.#fail(input, 'encrypted_alert', -1);
    else if (early || isFinished(length, tag)) this.#establishUnlessServerDecides(input);
    else this.#serverDecides = true;
  }

  #establishUnlessServerDecides(input: Input): void {
    if (!this.#serverDecides) this.#establish(input);
  }

  #alert(input: Input, level: number, description: number): void {
    // Warnings are passed over, except those that end it (RFC 8446 §6.1).
    const ends = description === alerts.closeNotify || description === alerts.userCanceled;
    if (level === fatal || ends) this.#fail(input, alertName(description), description);
  }

  #fail(input: Input, failure: string, code: number): void {
    this.#response ??= this.#session.begin('response', input);
    this.#handshake.established = false;
    this.#handshake.failure = failure;
    if (code >= 0) this.#response.statusCode = code;
    this.#response.status = input.side === 0 ? 'client_error' : 'server_error';
    this.#response.error = failure;
    this.#end(input.timeNs, input.frame);
  }

  #establish(input: Input): void {
    this.#handshake.established = true;
    if (this.#response !== null) this.#response.status = 'ok';
    this.#end(input.timeNs, input.frame);
  }

  /** No more will come: what is known is told, if the server has said anything. */
  #endWithout(failure: string, side: Side = 1): void {
    const response = this.#response;
    if (response === null) return;
    if (failure !== '') {
      this.#handshake.established = false;
      this.#handshake.failure = failure;
      response.status = side === 0 ? 'client_error' : 'server_error';
      response.error = failure;
    }
    response.complete = false;
    this.#end(response.timeNs, response.frame);
  }

  #flush(side: Side): void {
    if (!this.#ended) this.#sides[side].joiner.flush(this.#take[side]);
  }

  #end(timeNs: number, frame: number): void {
    if (this.#ended) return;
    this.#flush(0);
    this.#ended = true;
    const response = this.#response;
    if (response !== null) {
      const { server } = this.#handshake;
      response.side = 1;
      response.method = server === null ? 'Alert' : 'ServerHello';
      response.version = server === null ? '' : versionText(server.version);
      response.timeNs = timeNs;
      response.frame = frame;
      // It may end with a record of the client: its own bytes are the server's.
      response.sizeBytes = Math.max(1, this.#serverOffset - response.offset);
      response.detail = this.#handshake;
      this.#session.emit(response);
    }
    this.#session.stop();
  }
}

/** A Finished has the length of the cipher's hash (SHA-256 or SHA-384), with its head, the type and the tag. */
function isFinished(length: number, tag: number): boolean {
  return length === 4 + 32 + 1 + tag || length === 4 + 48 + 1 + tag;
}

function isTls13(version: number): boolean {
  return version === tls13 || version >> 8 === 0x7f;
}
