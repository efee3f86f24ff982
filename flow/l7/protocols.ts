/** The list of protocols: strong marks first, loose ones last, for that is the order in which an unknown port is probed. */

import amqp from './amqp/index.ts';
import brpc from './brpc/index.ts';
import dns from './dns/index.ts';
import dubbo from './dubbo/index.ts';
import fastcgi from './fastcgi/index.ts';
import http1 from './http1/index.ts';
import http2 from './http2/index.ts';
import icmp from './icmp/index.ts';
import kafka from './kafka/index.ts';
import krpc from './krpc/index.ts';
import memcached from './memcached/index.ts';
import mongodb from './mongodb/index.ts';
import mqtt from './mqtt/index.ts';
import mysql from './mysql/index.ts';
import nats from './nats/index.ts';
import openwire from './openwire/index.ts';
import postgresql from './postgresql/index.ts';
import type { Protocol } from './protocol.ts';
import pulsar from './pulsar/index.ts';
import redis from './redis/index.ts';
import rocketmq from './rocketmq/index.ts';
import sofarpc from './sofarpc/index.ts';
import someip from './someip/index.ts';
import tars from './tars/index.ts';
import thrift from './thrift/index.ts';
import tls from './tls/index.ts';
import websocket from './websocket/index.ts';
import zmtp from './zmtp/index.ts';

export const protocols: readonly Protocol[] = [
  tls,
  http1,
  fastcgi,
  http2,
  websocket,
  dubbo,
  brpc,
  krpc,
  mongodb,
  redis,
  amqp,
  zmtp,
  openwire,
  rocketmq,
  pulsar,
  nats,
  kafka,
  mqtt,
  mysql,
  postgresql,
  memcached,
  dns,
  icmp,
  sofarpc,
  tars,
  thrift,
  someip,
];
