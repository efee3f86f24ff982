/** Envoy as a proxy for HTTP/1.1 before one server. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { type Server, serverDirectory, startServer } from './server.ts';

/** Request ids of clients are passed on. */
export async function startEnvoy(program: string, upstreamPort: number): Promise<Server> {
  const [port] = await freePorts(1);
  const directory = serverDirectory('envoy');
  const config = join(directory, 'envoy.json');
  writeFileSync(config, JSON.stringify(configuration(port!, upstreamPort)));
  // Without shared memory of its own it would meet other Envoys of this machine.
  const args = ['-c', config, '--concurrency', '1', '--use-dynamic-base-id', '--log-level', 'warn'];
  return startServer({ name: 'envoy', command: program, args, port: port!, directory });
}

function configuration(port: number, upstreamPort: number): object {
  const address = (port_value: number) => ({ socket_address: { address: '127.0.0.1', port_value } });
  const type = (name: string) => `type.googleapis.com/envoy.extensions.filters.${name}`;
  const manager = {
    '@type': type('network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'live',
    preserve_external_request_id: true,
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'server' } }] },
      ],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': type('http.router.v3.Router') } }],
  };
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: address(upstreamPort) } }] }];
  return {
    static_resources: {
      listeners: [{ address: address(port), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] }],
      clusters: [{ name: 'server', load_assignment: { cluster_name: 'server', endpoints } }],
    },
  };
}
