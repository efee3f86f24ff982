/** Where a server listens: the forms of `endpoint` in YAML, and the one way to start listening there. */
import { lookup } from 'node:dns/promises';
import type { AddressInfo, ListenOptions, Server } from 'node:net';

export interface ListenTarget {
  /** `host:port`, `[::1]:4317`, `:4317` (all interfaces), or a path when `transport` is `unix`. */
  endpoint: string;
  transport: 'tcp' | 'tcp4' | 'tcp6' | 'unix';
  /** Several workers share the port; the kernel spreads connections. */
  reusePort: boolean;
}

export interface HostPort {
  host: string;
  port: number;
}

/** Undefined when the text is not `host:port`. A missing host stands for all interfaces. */
export function parseHostPort(endpoint: string): HostPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]/]*)):(\d{1,5})$/.exec(endpoint);
  if (!match || Number(match[3]) > 65_535) return undefined;
  return { host: match[1] ?? match[2]!, port: Number(match[3]) };
}

/** Resolves once the server accepts connections; rejects with the error of the system (`code` EADDRINUSE, EACCES …). */
export async function listen(server: Server, target: ListenTarget): Promise<AddressInfo | string | null> {
  const options = await listenOptions(target);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server.address();
}

async function listenOptions(target: ListenTarget): Promise<ListenOptions> {
  if (target.transport === 'unix') return { path: target.endpoint };
  const at = parseHostPort(target.endpoint);
  if (!at) throw new Error(`"${target.endpoint}" is not an address; write host:port`);
  const { port } = at;
  const { reusePort } = target;
  if (at.host === '') {
    return target.transport === 'tcp'
      ? { port, reusePort }
      : { port, reusePort, host: target.transport === 'tcp4' ? '0.0.0.0' : '::' };
  }
  // A name with several addresses is listened on at its first IPv4 one, as Go does; clients try that one too.
  const family = target.transport === 'tcp4' ? 4 : target.transport === 'tcp6' ? 6 : 0;
  const { address } = await lookup(at.host, { family, order: 'ipv4first' });
  return { port, reusePort, host: address };
}
