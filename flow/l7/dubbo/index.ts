/** Dubbo 2's own protocol, with bodies in Hessian 2, Kryo, Fastjson 1 and 2, Gson and Java serialization. Triple is in the folder of HTTP/2. */
import type { Input } from '../input.ts';
import type { Protocol, Verdict } from '../protocol.ts';
import { okStatus } from './codes.ts';
import { describeDubbo } from './describe.ts';
import { DubboParser, flags, headerBytes, maxBody } from './parser.ts';

const dubbo: Protocol = {
  name: 'dubbo',
  label: 'Dubbo',
  transports: ['tcp'],
  ports: [20880, 20881, 12345],
  probe,
  createParser: (session) => new DubboParser(session),
  describe: describeDubbo,
};

export default dubbo;

function probe({ bytes, start, end, full }: Input): Verdict {
  if (bytes[start] !== 0xda || (end - start > 1 && bytes[start + 1] !== 0xbb)) return 'no';
  if (end - start < headerBytes) return full ? 'no' : 'more';
  const bits = bytes[start + 2]!;
  const status = bytes[start + 3]!;
  if ((bits & flags.serialization) === 0 || bytes.readUInt32BE(start + 12) > maxBody) return 'no';
  const isRequest = (bits & flags.request) !== 0;
  if (!isRequest && status < okStatus) return 'no';
  if ((bits & flags.event) !== 0) return 'either';
  return isRequest ? 'client' : 'server';
}
