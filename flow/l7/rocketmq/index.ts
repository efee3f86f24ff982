/** Apache RocketMQ 3 to 5: the remoting protocol between clients, brokers and name servers. */
import type { Protocol } from '../protocol.ts';
import { describeRocketMq } from './describe.ts';
import { RocketMqParser } from './parser.ts';
import { probeRocketMq } from './probe.ts';

const rocketmq: Protocol = {
  name: 'rocketmq',
  label: 'RocketMQ',
  transports: ['tcp'],
  ports: [9876, 10909, 10911, 10912],
  probe: probeRocketMq,
  createParser: (session) => new RocketMqParser(session),
  describe: describeRocketMq,
};

export default rocketmq;
