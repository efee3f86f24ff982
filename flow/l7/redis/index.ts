/** Redis and its kin (Valkey, KeyDB, Dragonfly): RESP2 and RESP3, as redis.io's protocol specification has them. */
import type { Protocol } from '../protocol.ts';
import { describeRedis } from './describe.ts';
import { RedisParser } from './parser.ts';
import { probeRedis } from './probe.ts';

const redis: Protocol = {
  name: 'redis',
  label: 'Redis',
  transports: ['tcp'],
  ports: [6379, 6380, 26379],
  probe: probeRedis,
  createParser: (session) => new RedisParser(session),
  describe: describeRedis,
};

export default redis;
