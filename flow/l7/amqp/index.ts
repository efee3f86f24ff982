/** AMQP 0-8 to 0-9-1, the protocol of RabbitMQ: the specification of 2008 with RabbitMQ's extensions and errata. */
import type { Protocol } from '../protocol.ts';
import { describeAmqp } from './describe.ts';
import { probeAmqp } from './frames.ts';
import { AmqpParser } from './parser.ts';

const amqp: Protocol = {
  name: 'amqp',
  label: 'AMQP',
  transports: ['tcp'],
  ports: [5672, 5671],
  probe: probeAmqp,
  createParser: (session) => new AmqpParser(session),
  describe: describeAmqp,
};

export default amqp;
