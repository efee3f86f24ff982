/** The servers and what clients do to them, and how a call that a client made is found among the spans. */
import { execFileSync } from 'node:child_process';
import { startKafka } from '../servers/kafka.ts';
import { startMariadb } from '../servers/mariadb.ts';
import { startMongo } from '../servers/mongo.ts';
import { startPostgresql } from '../servers/postgresql.ts';
import { startRabbitmq } from '../servers/rabbitmq.ts';
import type { Server } from '../servers/server.ts';
import { startDnsmasq, startMemcached, startMosquitto, startNats, startNginx, startRedis } from '../servers/simple.ts';
import type { ClientCall } from './client.ts';
import type { SeenSpan } from './spans.ts';

export interface Scenario {
  /** Function of client.py. */
  name: string;
  start(): Promise<Server>;
  /** A function of client.py that is run once before. */
  setup?: string;
  transport?: 'udp';
  count: number;
  concurrency: number;
  /** Whether the span is of this call; only spans of the scenario's server are asked about. */
  matches(span: SeenSpan, call: ClientCall): boolean;
  /** What the span says of the outcome, in the client's words. */
  status(span: SeenSpan): string;
  /**
   * The client's clock runs around all calls of a pipeline at once, around more than one message, or around changes of
   * threads: that the span lies inside is asked then, and that half of them are close.
   */
  looseClock?: boolean;
}

const text = (span: SeenSpan, key: string): string => String(span.attributes[key] ?? '');

const http = {
  matches: (span: SeenSpan, call: ClientCall) =>
    text(span, 'http.request.method') === call.method &&
    `${text(span, 'url.path')}?${text(span, 'url.query')}` === call.target,
  status: (span: SeenSpan) => text(span, 'http.response.status_code'),
};

const database = {
  matches: (span: SeenSpan, call: ClientCall) => text(span, 'db.query.text') === call.target,
  status: (span: SeenSpan) => text(span, 'db.response.status_code') || 'ok',
};

/** Redis and Memcached: the key is an argument, so their texts are kept as they are for this test. */
const store = {
  matches: (span: SeenSpan, call: ClientCall) =>
    `${text(span, 'db.query.text')} `.toUpperCase().startsWith(`${call.method} ${call.target} `.toUpperCase()),
  status: (span: SeenSpan) => text(span, 'db.response.status_code') || (span.failed ? text(span, 'error.type') : 'ok'),
};

export const scenarios: readonly Scenario[] = [
  { name: 'http1', start: startNginx, count: 100, concurrency: 1, ...http },
  { name: 'http1', start: startNginx, count: 50, concurrency: 8, ...http },
  { name: 'http1_pipelined', start: startNginx, count: 40, concurrency: 2, looseClock: true, ...http },
  { name: 'redis', start: startRedis, count: 99, concurrency: 1, ...store },
  { name: 'redis', start: startRedis, count: 51, concurrency: 8, ...store },
  { name: 'redis_pipelined', start: startRedis, count: 50, concurrency: 2, looseClock: true, ...store },
  { name: 'memcached', start: startMemcached, count: 100, concurrency: 4, ...store },
  { name: 'mysql', start: startMariadb, setup: 'mysql_setup', count: 60, concurrency: 4, ...database },
  { name: 'postgresql', start: startPostgresql, count: 60, concurrency: 4, ...database },
  {
    name: 'mongodb',
    start: startMongo,
    count: 40,
    concurrency: 4,
    matches: (span, call) =>
      text(span, 'db.collection.name') === call.target && text(span, 'db.operation.name') === call.method,
    status: (span) => text(span, 'db.response.status_code') || 'ok',
  },
  {
    name: 'dns',
    start: startDnsmasq,
    transport: 'udp',
    count: 100,
    concurrency: 4,
    matches: (span, call) => text(span, 'dns.question.name') === call.target,
    status: (span) => (span.failed ? text(span, 'error.type') : 'ok'),
  },
  {
    name: 'mqtt',
    start: startMosquitto,
    count: 50,
    concurrency: 4,
    // paho sends and receives in a thread of its own: the caller's clock counts two changes of threads.
    looseClock: true,
    matches: (span, call) => span.name.includes('publish') && text(span, 'messaging.destination.name') === call.target,
    status: (span) => (span.failed ? text(span, 'error.type') : 'ok'),
  },
  {
    name: 'amqp',
    start: startRabbitmq,
    count: 40,
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
    looseClock: true,
    matches: (span, call) =>
      text(span, 'messaging.destination.name') === call.target && text(span, 'messaging.operation.type') === 'send',
    status: (span) => (span.failed ? text(span, 'error.type') : 'ok'),
  },
  {
    name: 'kafka',
    start: startKafka,
    count: 40,
    concurrency: 2,
    // kafka-python sends and receives in a thread of its own: the caller's clock counts two changes of threads.
    looseClock: true,
    matches: (span, call) =>
      text(span, 'messaging.destination.name') === call.target &&
      text(span, 'deepflow.kafka.api') === 'Produce' &&
      span.startNs >= call.start &&
      span.endNs <= call.end,
    status: (span) => (span.failed ? text(span, 'error.type') : 'ok'),
  },
];

/** What a scenario's programs are, for the message when one is missing. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync('which', [name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
