/** The servers and what clients do to them, and how a call that a client made is found among the spans. */

import type { Plain } from '../kit/schema.ts';
import { dubboClassPath, startDubbo } from '../servers/dubbo.ts';
import { startGreeter } from '../servers/greeter.ts';
import { startKafka } from '../servers/kafka.ts';
import { startMariadb } from '../servers/mariadb.ts';
import { startMongo } from '../servers/mongo.ts';
import { startPostgresql } from '../servers/postgresql.ts';
import { startRabbitmq } from '../servers/rabbitmq.ts';
import { rocketmqClassPath, startRocketmq } from '../servers/rocketmq.ts';
import type { Server } from '../servers/server.ts';
import { startDnsmasq, startMemcached, startMosquitto, startNats, startNginx, startRedis } from '../servers/simple.ts';
import { type ClientCall, javaCalls, javaSources } from './client.ts';
import type { SeenSpan } from './spans.ts';

export interface Scenario {
  /** Function of client.py, when that is the client. */
  name: string;
  start(): Promise<Server>;
  /** Another client than client.py. */
  client?(server: Server, count: number, concurrency: number): Promise<ClientCall[]>;
  /** A function of client.py that is run once before. */
  setup?: string;
  transport?: 'udp';
  count: number;
  concurrency: number;
  /** Whether the span is of this call; only spans of the scenario's server are asked about. */
  matches(span: SeenSpan, call: ClientCall): boolean;
  /** What the span says of the outcome, in the client's words. */
  status(span: SeenSpan): string;
}

const text = (span: SeenSpan, key: string): string => String(span.attributes[key] ?? '');

/** An attribute that is a list. */
function texts(span: SeenSpan, key: string): string[] {
  const list = span.attributes[key] as { values?: Plain[] } | undefined;
  return (list?.values ?? []).map((value) => String(Object.values(value)[0]));
}

export const http = {
  matches: (span: SeenSpan, call: ClientCall) =>
    text(span, 'http.request.method') === call.method &&
    `${text(span, 'url.path')}?${text(span, 'url.query')}` === call.target,
  status: (span: SeenSpan) => text(span, 'http.response.status_code'),
};

const dns = {
  matches: (span: SeenSpan, call: ClientCall) => text(span, 'dns.question.name') === call.target,
  status: (span: SeenSpan) => (span.failed ? text(span, 'error.type') : 'ok'),
};

const database = {
  matches: (span: SeenSpan, call: ClientCall) => text(span, 'db.query.text') === call.target,
  status: (span: SeenSpan) => text(span, 'db.response.status_code') || 'ok',
};

const documents = {
  matches: (span: SeenSpan, call: ClientCall) =>
    text(span, 'db.collection.name') === call.target && text(span, 'db.operation.name') === call.method,
  status: (span: SeenSpan) => text(span, 'db.response.status_code') || 'ok',
};

/** Redis and Memcached: the key is an argument, so their texts are kept as they are for this test. */
const store = {
  matches: (span: SeenSpan, call: ClientCall) =>
    `${text(span, 'db.query.text')} `.toUpperCase().startsWith(`${call.method} ${call.target} `.toUpperCase()),
  status: (span: SeenSpan) => text(span, 'db.response.status_code') || (span.failed ? text(span, 'error.type') : 'ok'),
};

/** A call is found by the trace that its attachments or headers name. */
const dubbo = {
  matches: (span: SeenSpan, call: ClientCall) =>
    span.traceId === call.target && text(span, 'rpc.method') === call.method,
};

const callDubbo = (...args: (string | number)[]): Promise<ClientCall[]> =>
  javaCalls('DubboClient', dubboClassPath(...javaSources('DubboClient')), args);

/** The client has the numbers of the names that the conventions want. */
const grpcStatus: Record<string, string> = { OK: 'ok', PERMISSION_DENIED: '7' };

async function startNginxHttp2(): Promise<Server> {
  const nginx = await startNginx();
  return { ...nginx, port: nginx.http2Port };
}

export const scenarios: readonly Scenario[] = [
  { name: 'http1', start: startNginx, count: 100, concurrency: 1, ...http },
  { name: 'http1', start: startNginx, count: 50, concurrency: 8, ...http },
  // More requests than this wait in the client's kernel until the server acknowledges the first.
  { name: 'http1_pipelined', start: startNginx, count: 20, concurrency: 4, ...http },
  { name: 'http2', start: startNginxHttp2, count: 60, concurrency: 4, ...http },
  { name: 'http2_streams', start: startNginxHttp2, count: 20, concurrency: 4, ...http },
  {
    name: 'grpc',
    start: startGreeter,
    count: 60,
    concurrency: 1,

    matches: (span, call) =>
      text(span, 'rpc.system.name') === 'grpc' &&
      `/${text(span, 'rpc.method')}` === call.target &&
      span.startNs >= call.start &&
      span.endNs <= call.end,
    status: (span) => grpcStatus[text(span, 'rpc.response.status_code')] ?? text(span, 'rpc.response.status_code'),
  },
  {
    name: 'dubbo',
    start: () => startDubbo('dubbo'),
    client: (server, ...args) => callDubbo('dubbo', server.port, ...args),
    count: 60,
    concurrency: 2,
    ...dubbo,
    status: (span) => (span.failed ? text(span, 'error.type') : 'ok'),
  },
  {
    name: 'triple',
    start: () => startDubbo('tri'),
    client: (server, ...args) => callDubbo('tri', server.port, ...args),
    count: 60,
    concurrency: 2,
    ...dubbo,
    // The exception's class is in the body only; the headers say that there is one.
    status: (span) => (text(span, 'error.type') === 'BIZ_EXCEPTION' ? 'java.lang.IllegalStateException' : 'ok'),
  },
  { name: 'redis', start: startRedis, count: 99, concurrency: 1, ...store },
  { name: 'redis', start: startRedis, count: 51, concurrency: 8, ...store },
  { name: 'redis_pipelined', start: startRedis, count: 50, concurrency: 2, ...store },
  { name: 'memcached', start: startMemcached, count: 100, concurrency: 4, ...store },
  { name: 'mysql', start: startMariadb, setup: 'mysql_setup', count: 60, concurrency: 4, ...database },
  { name: 'postgresql', start: startPostgresql, count: 60, concurrency: 4, ...database },
  { name: 'mongodb', start: startMongo, count: 40, concurrency: 4, ...documents },
  {
    name: 'dns',
    start: startDnsmasq,
    transport: 'udp',
    count: 100,
    concurrency: 4,
    ...dns,
  },
  { name: 'dns_tcp', start: startDnsmasq, count: 40, concurrency: 4, ...dns },
  {
    name: 'mqtt',
    start: startMosquitto,
    count: 50,
    concurrency: 4,

    matches: (span, call) => span.name.includes('publish') && text(span, 'messaging.destination.name') === call.target,
    status: (span) => (span.failed ? text(span, 'error.type') : 'ok'),
  },
  {
    name: 'amqp',
    start: startRabbitmq,
    count: 42,
    concurrency: 4,
    matches: (span, call) =>
      text(span, 'messaging.destination.name') === call.target && text(span, 'deepflow.amqp.method') === call.method,
    status: (span) => (span.failed ? text(span, 'error.type') : 'ok'),
  },
  {
    name: 'nats',
    start: startNats,
    count: 50,
    concurrency: 2,

    matches: (span, call) =>
      text(span, 'messaging.destination.name') === call.target && text(span, 'messaging.operation.type') === 'send',
    status: (span) => (span.failed ? text(span, 'error.type') : 'ok'),
  },
  {
    name: 'kafka',
    start: startKafka,
    count: 40,
    concurrency: 2,

    matches: (span, call) =>
      text(span, 'messaging.destination.name') === call.target &&
      text(span, 'deepflow.kafka.api') === 'Produce' &&
      span.startNs >= call.start &&
      span.endNs <= call.end,
    status: (span) => (span.failed ? text(span, 'error.type') : 'ok'),
  },
  {
    name: 'rocketmq',
    start: startRocketmq,
    client: (server, ...args) =>
      javaCalls('RocketmqClient', rocketmqClassPath(...javaSources('RocketmqClient')), [
        (server as Server & { namesPort: number }).namesPort,
        ...args,
      ]),
    count: 60,
    concurrency: 2,
    // A place where nothing was may have a message later.
    matches: (span, call) =>
      text(span, 'deepflow.rocketmq.request') === call.method &&
      rocketmqTarget(span) === call.target &&
      span.startNs >= call.start &&
      span.endNs <= call.end,
    status: (span) => text(span, 'deepflow.rocketmq.response'),
  },
];

/** The key of a message that is sent; topic, queue and offset of one that is pulled. */
function rocketmqTarget(span: SeenSpan): string {
  if (text(span, 'messaging.operation.type') !== 'receive')
    return texts(span, 'messaging.rocketmq.message.keys')[0] ?? '';
  const place = ['messaging.destination.name', 'messaging.destination.partition.id', 'deepflow.rocketmq.offset'];
  return place.map((key) => text(span, key)).join('/');
}
