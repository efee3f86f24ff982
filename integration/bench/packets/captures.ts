/** The captures of the bench: what real clients and servers say to each other, recorded once per machine. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../kit/collector.ts';
import { startMariadb } from '../../servers/mariadb.ts';
import { startDnsmasq, startNginx, startRedis } from '../../servers/simple.ts';
import { recordBulk } from './bulk.ts';
import { recordGrpc } from './grpc.ts';
import { recordKafka } from './kafka.ts';
import { record, runClient } from './record.ts';

export interface Capture {
  name: string;
  /** Which of the goals it belongs to: calls per CPU-second, or Gbit per CPU-second. */
  unit: 'calls/s' | 'Gbit/s';
  goal: number;
  record(file: string): Promise<void>;
}

const folder = join(root, '.cache', 'bench', 'packets');

export const captures: readonly Capture[] = [
  { name: 'http1', unit: 'calls/s', goal: 100_000, record: recordHttp1 },
  { name: 'http2', unit: 'calls/s', goal: 60_000, record: recordHttp2 },
  { name: 'grpc', unit: 'calls/s', goal: 60_000, record: recordGrpc },
  { name: 'mysql', unit: 'calls/s', goal: 80_000, record: recordMysql },
  { name: 'redis', unit: 'calls/s', goal: 80_000, record: recordRedis },
  { name: 'kafka', unit: 'calls/s', goal: 80_000, record: recordKafka },
  { name: 'dns', unit: 'calls/s', goal: 80_000, record: recordDns },
  { name: 'bulk', unit: 'Gbit/s', goal: 10, record: recordBulk },
];

/** The file of a capture; recorded when it is not there yet. */
export async function captureFile({ name, record }: Capture): Promise<string> {
  const file = join(folder, `${name}.pcap`);
  if (existsSync(file)) return file;
  console.log(`recording ${name} from a real server`);
  mkdirSync(folder, { recursive: true });
  const partial = `${file}.partial`;
  await record(partial);
  renameSync(partial, file);
  return file;
}

async function recordHttp1(file: string): Promise<void> {
  const nginx = await startNginx();
  try {
    await record(file, `tcp port ${nginx.port}`, async () => {
      const url = `http://127.0.0.1:${nginx.port}/middle`;
      await runClient('wrk', ['-t', '1', '-c', '16', '-d', '1s', url]);
    });
  } finally {
    await nginx.stop();
  }
}

async function recordHttp2(file: string): Promise<void> {
  const nginx = await startNginx();
  try {
    await record(file, `tcp port ${nginx.http2Port}`, async () => {
      const url = `http://127.0.0.1:${nginx.http2Port}/middle`;
      await runClient('h2load', ['-n', '80000', '-c', '8', '-m', '4', url]);
    });
  } finally {
    await nginx.stop();
  }
}

async function recordMysql(file: string): Promise<void> {
  const mariadb = await startMariadb();
  try {
    await record(file, `tcp port ${mariadb.port}`, async () => {
      const target = ['--no-defaults', '-h', '127.0.0.1', '-P', String(mariadb.port), '-u', 'root', '--skip-ssl'];
      const query = "SELECT user, host FROM mysql.global_priv WHERE host = 'localhost' AND user <> 'nobody' LIMIT 3";
      await runClient('mariadb-slap', [
        ...target,
        '-c',
        '4',
        '--create-schema=mysql',
        '--number-of-queries=60000',
        '--query',
        query,
      ]);
    });
  } finally {
    await mariadb.stop();
  }
}

async function recordRedis(file: string): Promise<void> {
  const redis = await startRedis();
  try {
    await record(file, `tcp port ${redis.port}`, async () => {
      const args = [
        '-h',
        '127.0.0.1',
        '-p',
        String(redis.port),
        '-n',
        '60000',
        '-c',
        '16',
        '-r',
        '1000',
        '-t',
        'set,get',
      ];
      await runClient('redis-benchmark', [...args, '-q']);
    });
  } finally {
    await redis.stop();
  }
}

async function recordDns(file: string): Promise<void> {
  const dnsmasq = await startDnsmasq();
  const names = `${file}.names`;
  writeFileSync(names, Array.from({ length: 1000 }, (_, index) => `host${index}.test A`).join('\n'));
  try {
    await record(file, `udp port ${dnsmasq.port}`, async () => {
      await runClient('dnsperf', [
        '-s',
        '127.0.0.1',
        '-p',
        String(dnsmasq.port),
        '-d',
        names,
        '-n',
        '100',
        '-c',
        '8',
        '-q',
        '20',
      ]);
    });
  } finally {
    await dnsmasq.stop();
  }
}
