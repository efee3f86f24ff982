/** The list of protocols: strong marks first, loose ones last, for that is the order in which an unknown port is probed. */

import dns from './dns/index.ts';
import icmp from './icmp/index.ts';
import mysql from './mysql/index.ts';
import type { Protocol } from './protocol.ts';
import redis from './redis/index.ts';

export const protocols: readonly Protocol[] = [redis, mysql, dns, icmp];
