/** Apache Pulsar: the binary protocol of clients, brokers and proxies, as PulsarApi.proto of Pulsar 4 has it. */
import type { Protocol } from '../protocol.ts';
import { describePulsar } from './describe.ts';
import { PulsarParser } from './parser.ts';
import { probePulsar } from './probe.ts';

const pulsar: Protocol = {
  name: 'pulsar',
  label: 'Pulsar',
  transports: ['tcp'],
  ports: [6650],
  probe: probePulsar,
  createParser: (session) => new PulsarParser(session),
  describe: describePulsar,
};

export default pulsar;
