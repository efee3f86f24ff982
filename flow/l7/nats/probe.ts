/** Recognises NATS by its control lines. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { startsWith } from '../text.ts';
import { ControlLine } from './line.ts';

const ports: readonly number[] = [4222, 6222, 7422];
const line = new ControlLine();

/**
 * INFO and CONNECT begin with a JSON object that only NATS has. PUB, SUB, MSG are taken when the line has the words it must have. PING,
 * +OK and -ERR are also said by others, so they count at the registered ports only; elsewhere PONG without a word tells.
 */
export function probeNats(input: Input): Verdict {
  const { bytes, start, end } = input;
  const found = line.read(input);
  if (found === 'no') return 'no';
  const name = line.verb?.name ?? '';
  if (found === 'more') {
    // A long INFO needs not be waited for.
    if (name === 'INFO' && startsWith(bytes, start + 4, end, ' {"server_id":')) return 'server';
    return 'more';
  }
  const registered = ports.includes(input.serverPort);
  switch (name) {
    case 'INFO':
      return isJson(bytes) ? 'server' : 'no';
    case 'CONNECT':
      return isJson(bytes) ? 'client' : 'no';
    case 'PING':
      return registered ? 'either' : input.full || line.words > 0 ? 'no' : 'more';
    case 'PONG':
      return registered || (line.words === 0 && bytes[line.end] === 0x0d) ? 'either' : 'no';
    case '+OK':
      return registered ? 'server' : 'no';
    case '-ERR':
      return registered && bytes[line.rest] === 0x27 ? 'server' : 'no';
    default:
      return probeSubject(bytes, registered);
  }
}

function isJson(bytes: Buffer): boolean {
  let last = line.end - 1;
  // Servers write a space behind the object.
  while (last > line.rest && bytes[last] === 0x20) last--;
  return line.words > 0 && bytes[line.starts[0]!] === 0x7b && bytes[last] === 0x7d;
}

/** Subject, subscription id and sizes are what they must be. Off the registered ports the line ends in CR LF, as all clients write it. */
function probeSubject(bytes: Buffer, registered: boolean): Verdict {
  const verb = line.verb!;
  const count = line.wordsBeforeSizes();
  if (count < 0) return 'no';
  for (let index = count; index < line.words; index++) if (line.number(bytes, index) < 0) return 'no';
  if (verb.side === null) return registered ? 'either' : 'no';
  if (!registered && bytes[line.end] !== 0x0d) return 'no';
  if (verb.name === 'UNSUB' && !registered) return 'no';
  if (verb.name === 'SUB' && !registered && line.number(bytes, count - 1) < 0) return 'no';
  return verb.side === 0 ? 'client' : 'server';
}
