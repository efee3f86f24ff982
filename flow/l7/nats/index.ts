/** NATS core and what runs over it (JetStream, micro services): the client protocol with headers, messages of routes and leaf nodes. */
import type { Protocol } from '../protocol.ts';
import { describeNats } from './describe.ts';
import { NatsParser } from './parser.ts';
import { probeNats } from './probe.ts';

const nats: Protocol = {
  name: 'nats',
  label: 'NATS',
  transports: ['tcp'],
  ports: [4222, 6222, 7422],
  probe: probeNats,
  createParser: (session) => new NatsParser(session),
  describe: describeNats,
};

export default nats;
