/** ZMTP, the protocol of ZeroMQ sockets over TCP: versions 3.1, 3.0 and 2.0. */
import type { Protocol } from '../protocol.ts';
import { describeZmtp } from './describe.ts';
import { probeZmtp } from './frames.ts';
import { ZmtpParser } from './parser.ts';

const zmtp: Protocol = {
  name: 'zmtp',
  label: 'ZMTP',
  transports: ['tcp'],
  ports: [],
  probe: probeZmtp,
  createParser: (session) => new ZmtpParser(session),
  describe: describeZmtp,
};

export default zmtp;
