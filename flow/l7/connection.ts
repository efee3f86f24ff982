/** One connection on its way through inference and parser: windows over both sides, skipping, gaps, switches of protocol. */
import type { FlowIdentity } from '../identity.ts';
import { addressText } from '../l4/addresses.ts';
import { moreProxyHeader, noProxyHeader, ProxyHeader, readProxyHeader } from '../packet/proxy-protocol.ts';
import type { Analysis } from './analysis.ts';
import { Inference } from './inference.ts';
import type { Side } from './message.ts';
import { lost, type Parser, type Protocol } from './protocol.ts';
import { Session } from './session.ts';
import { SideStream } from './side-stream.ts';

/** Bytes kept of one side for a message that is not whole yet. */
export const windowBytes = 64 * 1024;

/** How often a stream may lose its thread before it is given up; for each so many messages behind it, one is forgotten. */
const maxLosses = 16;
const messagesPerLoss = 16;
/** Pieces of data that begin no message, while neither side has one, before the search is given up: large answers are of thousands. */
const maxSearches = 16_384;

const proxyHeader = new ProxyHeader();

/**
 * Fed by the flow table (packets) or by system calls (eBPF):
 *
 *   data ─► skip? ─► inference ─► parser.read … ─► session ─► calls
 *               gap ─► searching ─┘ (probe says yes)
 */
export class Connection {
  readonly identity: FlowIdentity;
  /** The protocol, once it is known. */
  protocol: Protocol | null = null;
  session: Session | null = null;

  readonly #analysis: Analysis;
  readonly #sides: [SideStream, SideStream];
  #parser: Parser | null = null;
  #inference: Inference | null;
  #losses = 0;
  #searches = 0;
  /** Messages since a loss was last forgotten. */
  #messages = 0;
  #stopped = false;
  #swapped = false;
  /** What is being read will not be followed by anything. */
  #ending = false;

  constructor(identity: FlowIdentity, analysis: Analysis) {
    this.identity = identity;
    this.#analysis = analysis;
    this.#sides = [new SideStream(analysis.windows), new SideStream(analysis.windows)];
    this.#inference = new Inference(identity, analysis);
  }

  /**
   * Bytes of one side, in order. `seq` is the TCP sequence number of the first. They may be overwritten after the call.
   * False: nothing of this connection is wanted any more.
   */
  data(side: Side, bytes: Uint8Array, start: number, end: number, timeNs: number, seq: number, frame: number): boolean {
    if (this.#stopped) return false;
    const state = this.#sides[side]!;
    state.offset += end - start;
    if (state.skip > 0) {
      const passed = Math.min(state.skip, end - start);
      state.skip -= passed;
      start += passed;
      seq = (seq + passed) >>> 0;
      if (state.skip === 0) this.session?.settleOpen(side, state.offset - (end - start), timeNs, true);
      if (start === end) return true;
    }
    const { input } = this.#analysis;
    input.side = side;
    input.transport = this.identity.transport;
    input.clientPort = this.identity.clientPort;
    input.serverPort = this.identity.serverPort;
    input.timeNs = timeNs;
    input.frame = frame;
    if (state.restLength > 0) {
      seq = (seq - state.restLength) >>> 0;
      input.startNs = state.restNs;
      // A datagram never continues another.
      state.append(bytes, start, end);
      input.bytes = state.rest!;
      input.start = 0;
      input.end = state.restLength;
    } else {
      input.startNs = timeNs;
      input.bytes = this.#analysis.asBuffer(bytes);
      input.start = start;
      input.end = end;
    }
    input.seq = seq;
    input.offset = state.offset - (input.end - input.start);
    input.full = this.identity.transport !== 'tcp' || input.end - input.start >= windowBytes;
    try {
      this.#read(side, state);
    } catch (error) {
      this.#fail(error);
    }
    return !this.#stopped;
  }

  /** Bytes of one side were lost. */
  gap(side: Side, length: number, timeNs: number): void {
    if (this.#stopped) return;
    try {
      this.#gap(side, length, timeNs);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Bytes of one side that the observer did not look at, because they begin no message. */
  unseen(side: Side, length: number, timeNs: number): void {
    if (this.#stopped) return;
    try {
      this.#unseen(side, length, timeNs);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Something else than the bytes told the protocol, which nobody found out yet: its next message is looked for. */
  assume(name: string): void {
    const protocol = this.#analysis.byName.get(name);
    if (this.#stopped || this.#parser !== null || protocol === undefined) return;
    this.#inference = null;
    this.#begin(protocol);
    // Where messages begin is not known yet: nor do bytes that were kept of each side tell it.
    for (const state of this.#sides) {
      state.forget();
      state.searching = true;
    }
  }

  /** What that side sends cannot be read without a table that the process has; undefined while the protocol is not known. */
  lacksTable(side: Side): boolean | undefined {
    if (this.#stopped) return false;
    return this.#parser === null ? undefined : (this.#parser.lacksTable?.(side) ?? false);
  }

  /** Time goes on: what lost bytes may have ended is given up. False when nothing more waits for that. */
  overdue(nowNs: number): boolean {
    const parser = this.#parser;
    if (parser?.overdue === undefined) return false;
    try {
      const more = parser.overdue(nowNs);
      for (const side of [0, 1] as const) this.session!.settle(side, this.#sides[side].offset, nowNs, false);
      return more;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #awaitOverdue(): void {
    if (this.#parser?.overdue !== undefined) this.#analysis.overdue.add(this);
  }

  /** The side sent its last byte. */
  finish(side: Side, timeNs: number): void {
    if (this.#stopped) return;
    try {
      this.#finish(side, timeNs);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The connection is over, by whatever reason. */
  close(timeNs: number): void {
    try {
      if (!this.#stopped) this.#closeSides(timeNs);
    } catch (error) {
      this.#fail(error);
    }
    this.session?.close();
    this.#stop();
  }

  /** A mistake in a parser costs this connection and nothing else. */
  #fail(error: unknown): void {
    this.#stop();
    this.#analysis.fail(error, this.protocol?.name ?? 'inference');
  }

  #gap(side: Side, length: number, timeNs: number): void {
    const state = this.#sides[side]!;
    // What came before the gap is all there will be of its message.
    this.#readRest(side, state);
    if (this.#stopped) return;
    state.offset += length;
    this.#analysis.counters.gaps++;
    this.#analysis.counters.gapBytes += length;
    if (state.skip >= length) {
      state.skip -= length;
      if (state.skip === 0) this.session?.settleOpen(side, state.offset, timeNs, true);
      return;
    }
    this.session?.settleOpen(side, state.offset, timeNs, false);
    state.forget();
    this.#inference?.gap();
    if (this.#parser === null) return;
    state.searching = true;
    this.#parser.gap?.(side, timeNs);
    this.#awaitOverdue();
    this.session!.settle(side, state.offset, timeNs, false);
    this.session!.gap(side);
  }

  #unseen(side: Side, length: number, timeNs: number): void {
    const state = this.#sides[side]!;
    this.#readRest(side, state);
    if (this.#stopped) return;
    const passed = Math.min(state.skip, length);
    if (passed > 0) {
      state.skip -= passed;
      state.offset += passed;
      if (state.skip === 0) this.session?.settleOpen(side, state.offset, timeNs, true);
      if (passed === length) return;
    }
    const rest = length - passed;
    if (state.searching || !this.#parser?.unseen?.(side, rest, state.offset + rest, timeNs)) {
      this.#gap(side, rest, timeNs);
      return;
    }
    state.offset += rest;
    this.session!.settle(side, state.offset, timeNs, false);
    this.#awaitOverdue();
  }

  #finish(side: Side, timeNs: number): void {
    const state = this.#sides[side]!;
    if (state.skip > 0) {
      const toTheEnd = state.skip > Number.MAX_SAFE_INTEGER / 2;
      state.skip = 0;
      this.session?.settleOpen(side, state.offset, timeNs, toTheEnd);
    }
    this.#readRest(side, state);
    if (this.#stopped) return;
    this.#parser?.finish?.(side);
    this.session?.settle(side, state.offset, timeNs, false);
  }

  #closeSides(timeNs: number): void {
    for (const side of [0, 1] as const) {
      if (this.#sides[side].skip === 0) this.#readRest(side, this.#sides[side]);
      this.session?.settleOpen(side, this.#sides[side].offset, timeNs, false);
      this.#parser?.finish?.(side);
      this.session?.settle(side, this.#sides[side].offset, timeNs, false);
    }
  }

  /** What is left of a side that ended, or has a gap, is all there will be. */
  #readRest(side: Side, state: SideStream): void {
    if (state.restLength === 0 || this.#parser === null || state.searching) return;
    const { input } = this.#analysis;
    input.side = side;
    input.transport = this.identity.transport;
    input.clientPort = this.identity.clientPort;
    input.serverPort = this.identity.serverPort;
    input.bytes = state.rest!;
    input.start = 0;
    input.end = state.restLength;
    input.startNs = state.restNs;
    input.timeNs = state.lastNs;
    input.frame = state.lastFrame;
    input.offset = state.offset - state.restLength;
    input.seq = state.restSeq;
    input.full = true;
    this.#ending = true;
    this.#read(side, state);
    this.#ending = false;
    state.forget();
  }

  /** Reads `analysis.input` as far as it goes and keeps what is left. */
  #read(side: Side, state: SideStream): void {
    const { input } = this.#analysis;
    if (this.#parser === null && !this.#infer(side)) {
      if (!this.#stopped) state.keep(input);
      return;
    }
    if (this.#swapped) {
      // The other side's kept bytes were read with swapped roles; states are by side, so look again.
      state = this.#sides[input.side]!;
      side = input.side;
      this.#swapped = false;
    }
    if (state.searching && !this.#found(state)) return;
    // A window is full by its size only while so much of it is unread: what is left of a large piece may go on in the next.
    const large = input.full && input.transport === 'tcp' && input.end - input.start >= windowBytes;
    while (input.start < input.end) {
      if (large) input.full = input.end - input.start >= windowBytes;
      const next = this.#parser!.read(input);
      if (next === lost || next < input.start) {
        this.session!.settle(side, input.offset, input.timeNs, false);
        this.#lose(state);
        return;
      }
      if (next === input.start) {
        this.session!.settle(side, input.offset, input.timeNs, false);
        if (!input.full) break;
        if (!this.#ending) this.#analysis.counters.tooLong++;
        this.#lose(state);
        return;
      }
      this.#searches = 0;
      if (this.#losses > 0 && ++this.#messages >= messagesPerLoss) {
        this.#losses--;
        this.#messages = 0;
      }
      const open = next > input.end;
      const passed = next - input.start;
      if (open) {
        state.skip = next - input.end;
        this.session!.settle(side, input.offset, input.timeNs, true);
        input.start = input.end;
        if (input.transport !== 'tcp') {
          state.skip = 0;
          this.session!.settleOpen(side, state.offset, input.timeNs, false);
        }
        break;
      }
      input.start = next;
      input.offset += passed;
      input.seq = (input.seq + passed) >>> 0;
      this.session!.settle(side, input.offset, input.timeNs, false);
      input.startNs = input.timeNs;
      if (this.session!.stopped) {
        this.#stop();
        return;
      }
      if (this.session!.next !== null) {
        this.#switch(this.session!.next);
        if (this.#stopped) return;
        if (input.start < input.end) this.#read(side, state);
        else state.forget();
        return;
      }
    }
    if (this.session!.stopped) this.#stop();
    else if (!this.#stopped) state.keep(input);
  }

  /** Finds out the protocol; false while it is not known. */
  #infer(side: Side): boolean {
    const { input } = this.#analysis;
    if (input.offset === 0 && input.transport === 'tcp' && !this.#passProxyHeader(this.#sides[side])) return false;
    const inference = this.#inference!;
    const protocol = inference.look(input);
    if (protocol === null) {
      if (inference.exhausted) {
        this.#analysis.counters.unrecognised++;
        this.#stop();
      }
      return false;
    }
    if (inference.reversed) {
      this.identity.reverse();
      const [first, second] = this.#sides;
      this.#sides[0] = second;
      this.#sides[1] = first;
      input.side = side === 0 ? 1 : 0;
      input.clientPort = this.identity.clientPort;
      input.serverPort = this.identity.serverPort;
      this.#swapped = true;
    }
    this.#begin(protocol);
    this.#inference = null;
    // What the other side sent before it was known is read in its turn.
    const other = this.#sides[input.side === 0 ? 1 : 0];
    if (other.restLength > 0) this.#readBefore(input.side === 0 ? 1 : 0, other);
    if (this.#stopped) return false;
    // It may have ended in a change to a protocol that has to be found out.
    return this.#parser !== null || this.#infer(input.side);
  }

  /** Passes over a PROXY header at the beginning of a stream and notes the client it tells; false when nothing is left to look at. */
  #passProxyHeader(state: SideStream): boolean {
    const { input } = this.#analysis;
    const length = readProxyHeader(input.bytes, input.start, input.end, proxyHeader);
    if (length === noProxyHeader) return true;
    if (length === moreProxyHeader) return false;
    if (proxyHeader.hasAddresses) {
      const { source0, source1, source2, source3, sourcePort } = proxyHeader;
      this.identity.realClientAddress = addressText(source0, source1, source2, source3);
      this.identity.realClientPort = sourcePort;
    }
    const passed = Math.min(length, input.length);
    state.skip = length - passed;
    input.start += passed;
    input.offset += passed;
    input.seq = (input.seq + passed) >>> 0;
    return input.start < input.end;
  }

  /** Reads what the other side sent first: kept bytes, while the current window waits. */
  #readBefore(side: Side, state: SideStream): void {
    const { input } = this.#analysis;
    const { bytes, start, end, timeNs, startNs, frame, seq, offset, full, side: current } = input;
    input.bytes = state.rest!;
    input.start = 0;
    input.end = state.restLength;
    input.side = side;
    input.timeNs = state.lastNs;
    input.startNs = state.restNs;
    input.frame = state.lastFrame;
    input.seq = state.restSeq;
    input.offset = state.offset - state.restLength;
    input.full = false;
    const swapped = this.#swapped;
    this.#swapped = false;
    this.#read(side, state);
    this.#swapped = swapped;
    input.bytes = bytes;
    input.start = start;
    input.end = end;
    input.side = current;
    input.timeNs = timeNs;
    input.startNs = startNs;
    input.frame = frame;
    input.seq = seq;
    input.offset = offset;
    input.full = full;
  }

  #begin(protocol: Protocol): void {
    this.protocol = protocol;
    const { options, sink, tap } = this.#analysis;
    const waiting = this.#analysis.waiting(protocol);
    const session = new Session(
      this.identity,
      options,
      waiting,
      (s, request, response, outcome) => sink(protocol, s, request, response, outcome),
      tap === null ? null : (s, message) => tap(protocol, s, message),
    );
    this.session = session;
    this.#parser = protocol.createParser(session);
  }

  /** Goes on with another protocol; what waits stays unanswered. */
  #switch(name: string): void {
    this.session!.close();
    this.session = null;
    this.#parser = null;
    this.protocol = null;
    const protocol = name === '' ? undefined : this.#analysis.byName.get(name);
    if (name !== '' && protocol === undefined) this.#stop();
    else if (protocol !== undefined) this.#begin(protocol);
    else this.#inference = new Inference(this.identity, this.#analysis);
  }

  /** The bytes are not of the protocol: look for the next message at the beginning of the next piece of data. */
  #lose(state: SideStream): void {
    if (this.#ending) return;
    this.#analysis.counters.lost++;
    state.forget();
    state.searching = true;
    const { input } = this.#analysis;
    this.#parser!.gap?.(input.side, input.timeNs);
    this.#awaitOverdue();
    this.session!.settle(input.side, input.offset, input.timeNs, false);
    this.session!.gap(input.side);
    if (++this.#losses >= maxLosses) this.#stop();
  }

  /** Whether the window begins with a message of the protocol. */
  #found(state: SideStream): boolean {
    const { input } = this.#analysis;
    const parser = this.#parser!;
    if (parser.resume !== undefined) {
      if (parser.resume(input)) {
        state.searching = false;
        return true;
      }
      state.forget();
      if (++this.#searches >= maxSearches) this.#stop();
      return false;
    }
    const verdict = this.protocol!.probe(input);
    const own = input.side === 0 ? 'client' : 'server';
    if (verdict === own || verdict === 'either') {
      state.searching = false;
      return true;
    }
    state.forget();
    if (verdict === 'no' && ++this.#searches >= maxSearches) this.#stop();
    return false;
  }

  #stop(): void {
    this.#stopped = true;
    this.#inference = null;
    this.#parser = null;
    for (const state of this.#sides) state.forget();
  }
}
