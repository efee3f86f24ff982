/** SOME/IP of vehicles: AUTOSAR's PRS_SOMEIPProtocol with SOME/IP-TP, and its service discovery. */
import type { Input } from '../input.ts';
import type { Protocol, Verdict } from '../protocol.ts';
import { largestReturnCode, messageTypes, segmentBit } from './codes.ts';
import { describeSomeIp } from './describe.ts';
import { countedHeader, headerBytes, SomeIpParser } from './parser.ts';

const someip: Protocol = {
  name: 'someip',
  label: 'SOME/IP',
  transports: ['udp', 'tcp'],
  ports: [30490, 30491, 30501, 30506, 30509],
  timeoutSeconds: 30,
  probe,
  createParser: (session) => new SomeIpParser(session),
  describe: describeSomeIp,
};

export default someip;

/** Longest payload that is believed when nothing else speaks for it. */
const maxLength = 16 * 1024 * 1024;

function probe({ bytes, start, end, transport, full }: Input): Verdict {
  const available = end - start;
  if (available > 4 && bytes[start + 4] !== 0) return 'no';
  if (available > 12 && bytes[start + 12] !== 1) return 'no';
  if (available < headerBytes) return transport === 'udp' ? 'no' : 'more';
  const length = bytes.readUInt32BE(start + 4);
  if (length < countedHeader || length > maxLength) return 'no';
  // Numbers alone are weak: the message must end where the bytes end, or where another one begins.
  const next = start + 8 + length;
  const follows = next + headerBytes <= end && bytes[next + 12] === 1 && messageTypes[bytes[next + 14]! & ~segmentBit];
  if (next !== end && !follows) return transport === 'tcp' && !full && next + headerBytes > end ? 'more' : 'no';
  const number = bytes[start + 14]!;
  const type = messageTypes[number & ~segmentBit];
  const code = bytes[start + 15]!;
  if (type === undefined || code > largestReturnCode) return 'no';
  if ((number & 0x80) === 0 && code !== 0) return 'no';
  if (bytes.readUInt16BE(start) === 0) return 'no';
  if (type.kind === 'response') return 'server';
  return type.kind === 'request' || type.name === 'REQUEST_NO_RETURN' ? 'client' : 'either';
}
