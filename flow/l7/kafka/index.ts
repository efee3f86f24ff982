/** Apache Kafka and what speaks its protocol (Redpanda, WarpStream, Event Hubs): the protocol guide of Kafka 4.1, APIs 0 to 92. */
import type { Protocol } from '../protocol.ts';
import { describeKafka } from './describe.ts';
import { KafkaParser } from './parser.ts';
import { kafkaPorts, probeKafka } from './probe.ts';

const kafka: Protocol = {
  name: 'kafka',
  label: 'Kafka',
  transports: ['tcp'],
  ports: kafkaPorts,
  probe: probeKafka,
  createParser: (session) => new KafkaParser(session),
  describe: describeKafka,
};

export default kafka;
