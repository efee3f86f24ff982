/** Servers that are busy already, plain and over TLS, and the clients that keep them so: each writes what it did. */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { type Certificate, createCertificate } from '../kit/certificate.ts';
import { type Cgroup, createCgroup } from '../kit/cgroup.ts';
import { childrenOf, type Owner, root, temporaryFolder } from '../kit/collector.ts';
import { freePorts } from '../kit/ports.ts';
import { serverDirectory, startServer } from '../servers/server.ts';
import { startRedis } from '../servers/simple.ts';
import { buildGo } from '../services/build.ts';
import { startProxy } from '../services/nginx.ts';
import type { TrueCall, TrueRequest } from './truth.ts';

/** Each client has so many workers, which rest so long between two calls: enough to be given up on before the TLS libraries are probed. */
const workers = 12;
const pauseSeconds = 0.1;

export interface Load {
  name: string;
  /** Processes that ask, and those that answer. */
  clients: ReadonlySet<number>;
  servers(): ReadonlySet<number>;
  /** What the clients did so far, in the order in which it ended. */
  calls(): TrueCall[];
  /** Opens as many connections more: in the same client, or in another where it cannot. */
  open(): void;
}

export interface BusyHost {
  loads: Load[];
  /** All of it runs in here. */
  cgroup: Cgroup;
}

/** Everything ends with the test. */
export async function startBusyHost(t: Owner): Promise<BusyHost> {
  const goPrograms = await buildGo();
  const cgroup = createCgroup(`otelcol-busy-${process.pid}`);
  t.after(() => cgroup.remove());
  return { cgroup, loads: await cgroup.around(() => startLoads(t, cgroup, goPrograms)) };
}

async function startLoads(t: Owner, cgroup: Cgroup, goPrograms: string): Promise<Load[]> {
  const folder = temporaryFolder(t);
  const certificate = createCertificate(folder);
  const servers = await startServers(t, folder, certificate);
  const here = join(import.meta.dirname, 'busy');

  function keepBusy(name: string, server: Place, command: readonly string[], opensMore: boolean): Load {
    const truth = join(folder, `${name}.jsonl`);
    const env = { ...process.env, TRUTH: truth, PAUSE: `${pauseSeconds}s`, PYTHONPATH: pythonPath };
    const clients = new Set<number>();
    const start = (): ChildProcessByStdio<Writable, null, null> => {
      // Whenever it is started, it belongs to the cgroup.
      const args = ['-c', 'echo $$ >"$0" && exec "$@"', cgroup.procs, ...command];
      const child = spawn('sh', args, { env, stdio: ['pipe', 'ignore', 'inherit'] });
      t.after(async () => {
        const ended = once(child, 'exit');
        if (child.kill('SIGKILL')) await ended;
      });
      clients.add(child.pid!);
      return child;
    };
    const first = start();
    const open = () => void (opensMore ? first.stdin.write('\n') : start());
    return { name, clients, servers: server.pids, calls: followCalls(truth), open };
  }

  const go = (protocol: string, place: string): string[] => {
    const paths = protocol === 'http1' ? ['GET /page'] : [];
    return [join(goPrograms, 'client'), protocol, place, '1000000', String(workers), ...paths];
  };
  const asking = [String(workers), String(pauseSeconds)];
  const python = ['python3', join(here, 'load.py'), String(servers.nginx.tlsPort), ...asking];
  const node = [process.execPath, join(here, 'load.mjs'), String(servers.go.tlsPort), ...asking];
  const { nginx, redis } = servers;
  return [
    keepBusy('nginx, Go asks', nginx, go('http1', `http://127.0.0.1:${nginx.port}`), false),
    keepBusy('nginx with TLS, Python asks', nginx, python, true),
    keepBusy('Go with TLS, Node.js asks', servers.go, node, true),
    keepBusy(
      'Python with TLS, Go asks',
      servers.python,
      go('http1', `https://127.0.0.1:${servers.python.tlsPort}`),
      false,
    ),
    keepBusy(
      'Node.js with TLS, Go asks',
      servers.node,
      go('http1', `https://127.0.0.1:${servers.node.tlsPort}`),
      false,
    ),
    keepBusy('Redis, Go asks', redis, go('redis', `tcp://127.0.0.1:${redis.port}`), false),
    keepBusy('Redis with TLS, Go asks', redis, go('redis', `tls://127.0.0.1:${redis.tlsPort}`), false),
  ];
}

const pythonPath = join(root, 'integration', 'services', 'python');

interface Place {
  port: number;
  tlsPort: number;
  pids(): ReadonlySet<number>;
}

type ServerName = 'nginx' | 'go' | 'python' | 'node' | 'redis';

async function startServers(t: Owner, folder: string, certificate: Certificate): Promise<Record<ServerName, Place>> {
  const hello = join(root, 'integration', 'bench', 'ebpf', 'servers');
  const goProgram = join(folder, 'hello');
  execFileSync('go', ['build', '-o', goProgram, join(hello, 'hello.go')], { stdio: 'pipe', timeout: 200_000 });
  const ports = (await freePorts(5)) as [number, number, number, number, number];
  const [webPort, webTlsPort, goPort, pythonPort, nodePort] = ports;
  const { cert, key } = certificate;

  async function start(name: string, port: number, command: string, args: readonly string[]): Promise<Place> {
    const env = { PORT: String(port), CERT: cert, KEY: key };
    const server = await startServer({ name, command, args, env, port, directory: serverDirectory(name) });
    t.after(() => server.stop());
    return { port: 0, tlsPort: port, pids: pidsOf(server.pid) };
  }

  const tls = { port: webTlsPort, certificate };
  const nginx = await startProxy({ port: webPort, tls, location: 'return 200 hello;' });
  t.after(() => nginx.stop());
  const redis = await startRedis({ certificate });
  t.after(() => redis.stop());
  return {
    nginx: { port: webPort, tlsPort: webTlsPort, pids: pidsOf(nginx.pid) },
    go: await start('go', goPort, goProgram, []),
    python: await start('python', pythonPort, 'python3', [join(hello, 'hello.py')]),
    node: await start('node', nodePort, process.execPath, [join(hello, 'hello.mjs')]),
    redis: { port: redis.port, tlsPort: redis.tlsPort, pids: pidsOf(redis.pid) },
  };
}

/** The calls in a file of truth, each line of which is read once. */
function followCalls(file: string): () => TrueCall[] {
  const calls: TrueCall[] = [];
  let done = 0;
  return () => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const end = text.lastIndexOf('\n') + 1;
    for (const line of text.slice(done, end).split('\n'))
      if (line !== '') calls.push(...(JSON.parse(line) as TrueRequest).calls);
    done = end;
    return calls;
  };
}

const pidsOf = (pid: number) => () => new Set([pid, ...childrenOf(pid)]);
