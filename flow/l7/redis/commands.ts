/** What is known of Redis commands: which arguments may be shown, which commands have a second word. */

/**
 * One letter per argument, after `|` the letters that repeat to the end. `k`: shown; `?`: data, replaced by `?` when values are obfuscated;
 * `s`: a secret, never shown. Commands that are not here only read: all of their arguments are shown.
 */
const argumentKinds: Readonly<Record<string, string>> = {
  ACL: 'kk|s',
  APPEND: 'k?|k',
  AUTH: '|s',
  'BF.ADD': 'k|?',
  'BF.EXISTS': 'k|?',
  'BF.MADD': 'k|?',
  'BF.MEXISTS': 'k|?',
  'CF.ADD': 'k|?',
  ECHO: '|?',
  EVAL: '?|k',
  EVAL_RO: '?|k',
  'FT.AGGREGATE': 'k?|?',
  'FT.SEARCH': 'k?|?',
  FUNCTION: 'k|?',
  GEOADD: 'k|?',
  GETSET: 'k?|k',
  HINCRBY: 'kk?|k',
  HINCRBYFLOAT: 'kk?|k',
  HMSET: 'k|k?',
  HSET: 'k|k?',
  HSETEX: 'k|?',
  HSETNX: 'kk?|k',
  'JSON.ARRAPPEND': 'kk|?',
  'JSON.MSET': '|kk?',
  'JSON.SET': 'kk?|k',
  LINSERT: 'kk??|k',
  LPOS: 'k?|k',
  LPUSH: 'k|?',
  LPUSHX: 'k|?',
  LREM: 'kk?|k',
  LSET: 'kk?|k',
  MSET: '|k?',
  MSETNX: '|k?',
  PFADD: 'k|?',
  PING: '|?',
  PSETEX: 'kk?|k',
  PUBLISH: 'k?|k',
  RESTORE: 'kk?|k',
  RPUSH: 'k|?',
  RPUSHX: 'k|?',
  SADD: 'k|?',
  SCRIPT: 'k|?',
  SET: 'k?|k',
  SETEX: 'kk?|k',
  SETNX: 'k?|k',
  SETRANGE: 'kk?|k',
  SISMEMBER: 'k|?',
  SMISMEMBER: 'k|?',
  SMOVE: 'kk?|k',
  SPUBLISH: 'k?|k',
  SREM: 'k|?',
  'TS.ADD': 'kk?|k',
  XADD: 'k|?',
  ZADD: 'k|?',
  ZINCRBY: 'kk?|k',
  ZMSCORE: 'k|?',
  ZRANK: 'k|?',
  ZREM: 'k|?',
  ZREVRANK: 'k|?',
  ZSCORE: 'k|?',
};

/** What a command means to the connection it is sent on. */
export type Effect =
  | ''
  | 'subscribe'
  | 'unsubscribe'
  | 'monitor'
  | 'select'
  | 'client'
  | 'hello'
  | 'migrate'
  | 'config'
  | 'multi'
  | 'exec'
  | 'discard'
  | 'replicate';

const effects: Readonly<Record<string, Effect>> = {
  SUBSCRIBE: 'subscribe',
  PSUBSCRIBE: 'subscribe',
  SSUBSCRIBE: 'subscribe',
  UNSUBSCRIBE: 'unsubscribe',
  PUNSUBSCRIBE: 'unsubscribe',
  SUNSUBSCRIBE: 'unsubscribe',
  MONITOR: 'monitor',
  SELECT: 'select',
  CLIENT: 'client',
  HELLO: 'hello',
  MIGRATE: 'migrate',
  CONFIG: 'config',
  MULTI: 'multi',
  EXEC: 'exec',
  DISCARD: 'discard',
  SYNC: 'replicate',
  PSYNC: 'replicate',
};

/** Commands whose first argument says what is done. */
const containers =
  'ACL CLIENT CLUSTER COMMAND CONFIG DEBUG FUNCTION LATENCY MEMORY MODULE OBJECT PUBSUB SCRIPT SENTINEL SLOWLOG XGROUP XINFO';

/** Commands that a probe may take as proof that it reads a client, beside those of the tables here. */
const others =
  'BLPOP BRPOP COPY DBSIZE DECR DECRBY DEL DUMP EVALSHA EXISTS EXPIRE EXPIREAT FCALL FLUSHALL FLUSHDB GEOSEARCH GET GETDEL ' +
  'GETEX GETRANGE HDEL HEXISTS HGET HGETALL HKEYS HLEN HMGET HSCAN HVALS INCR INCRBY INCRBYFLOAT INFO KEYS LINDEX LLEN LPOP ' +
  'LRANGE LTRIM MGET PERSIST PEXPIRE PTTL QUIT RENAME ROLE RPOP SCAN SCARD SDIFF SINTER SMEMBERS SORT SPOP SSCAN STRLEN SUNION ' +
  'TIME TOUCH TTL TYPE UNLINK UNWATCH WAIT WATCH XACK XLEN XRANGE XREAD XREADGROUP ZCARD ZCOUNT ZRANGE ZRANGEBYSCORE';

export interface Command {
  readonly name: string;
  /** First arguments, and the cycle of those that follow. */
  readonly first: string;
  readonly cycle: string;
  readonly effect: Effect;
  readonly container: boolean;
}

const known = new Map<string, Command>();

function define(name: string): void {
  if (known.has(name)) return;
  const kinds = argumentKinds[name] ?? '|k';
  const bar = kinds.indexOf('|');
  const command: Command = {
    name,
    first: kinds.slice(0, bar),
    cycle: kinds.slice(bar + 1),
    effect: effects[name] ?? '',
    container: containers.split(' ').includes(name),
  };
  known.set(name, command);
  known.set(name.toLowerCase(), command);
}

for (const name of Object.keys(argumentKinds)) define(name);
for (const name of Object.keys(effects)) define(name);
for (const name of `${containers} ${others}`.split(' ')) define(name);

/** A command nobody told us of: its first argument is most likely a key, the others may be data. */
const unknown: Command = { name: '', first: 'k', cycle: '?', effect: '', container: false };

/** The command of that name, in any case. */
export function commandOf(name: string): Command {
  return known.get(name) ?? known.get(name.toUpperCase()) ?? unknown;
}

export function isKnownCommand(name: string): boolean {
  return known.has(name) || known.has(name.toUpperCase());
}

/** `k`, `?` or `s` for the argument at `index`; 0 is the first after the name. */
export function argumentKind(command: Command, index: number): string {
  const { first, cycle } = command;
  return index < first.length ? first[index]! : cycle[(index - first.length) % cycle.length]!;
}
