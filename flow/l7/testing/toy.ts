/** A protocol made up for tests of the core: `Q` (request), `R` (response), `M` (one of several responses), `S` (one-way), a length digit, a text. */
import type { Input } from '../input.ts';
import { lost, type Parser, type Protocol } from '../protocol.ts';
import type { Session } from '../session.ts';
import { latin1 } from '../text.ts';

const kinds: Record<string, 'request' | 'response' | 'session'> = {
  Q: 'request',
  R: 'response',
  M: 'response',
  S: 'session',
};

/** `B` is a request with a body: two digits of length in units of 10 bytes. `X` switches to protocol `toy2`, `!` stops. */
export const toy: Protocol = {
  name: 'toy',
  label: 'Toy',
  transports: ['tcp', 'udp'],
  ports: [],
  probe({ bytes, start, end }) {
    const mark = String.fromCharCode(bytes[start]!);
    if (end - start < 2) return mark in kinds ? 'more' : 'no';
    if (mark === 'S') return 'either';
    if (mark === 'Q' || mark === 'B') return 'client';
    return mark === 'R' || mark === 'M' ? 'server' : 'no';
  },
  createParser: (session): Parser => ({ read: (input) => readToy(session, input) }),
  describe(span, request, response) {
    span.name = (request ?? response)!.method;
  },
};

function readToy(session: Session, input: Input): number {
  const { bytes, start, end } = input;
  const mark = String.fromCharCode(bytes[start]!);
  if (mark === 'X') {
    session.switchTo('toy2');
    return start + 1;
  }
  if (mark === '!') {
    session.stop();
    return start + 1;
  }
  if (mark === 'B') {
    if (end - start < 3) return start;
    const message = session.begin('request', input);
    message.method = 'body';
    session.emit(message);
    return start + 3 + 10 * Number(latin1(bytes, start + 1, start + 3));
  }
  const kind = kinds[mark];
  if (kind === undefined) return lost;
  if (end - start < 2) return start;
  const next = start + 2 + Number(latin1(bytes, start + 1, start + 2));
  if (next > end) return start;
  const message = session.begin(kind, input);
  message.method = latin1(bytes, start + 2, next);
  if (message.method.startsWith('#')) message.id = Number(message.method[1]);
  message.more = mark === 'M';
  session.emit(message);
  return next;
}
