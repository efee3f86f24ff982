/** What all server blocks share: addresses such as `localhost:4317`, `[::1]:4317`, `0.0.0.0:4317`, and request metadata. */
import { z } from 'zod';
import { parseHostPort } from '../../wire/listen.ts';

/** The `endpoint` and `transport` of a server block. */
export function listenAddress(defaultEndpoint: string) {
  return {
    endpoint: z
      .string()
      .default(defaultEndpoint)
      .describe(
        'Where to listen, as host:port; 0.0.0.0:port takes connections from other machines. With `transport: unix` a path.',
      ),
    transport: z
      .enum(['tcp', 'tcp4', 'tcp6', 'unix'])
      .default('tcp')
      .describe('tcp; tcp4 or tcp6 to use one version of IP only; unix for a socket in the file system.'),
  };
}

/** The rule between the two; `.check(endpointFitsTransport)` of the block. */
export function endpointFitsTransport(context: z.core.ParsePayload<{ endpoint: string; transport: string }>): void {
  const { endpoint, transport } = context.value;
  if (transport === 'unix' ? endpoint !== '' : parseHostPort(endpoint)) return;
  context.issues.push({
    code: 'custom',
    input: endpoint,
    path: ['endpoint'],
    message: `"${endpoint}" is not an address to listen on; write host:port, such as localhost:4317 or 0.0.0.0:4317`,
  });
}

/** Refused rather than ignored: whoever sets it relies on headers that would not arrive. */
export function includeMetadata() {
  return z
    .boolean()
    .default(false)
    .refine((wanted) => !wanted, {
      message: 'this version does not carry request headers along with the data; remove include_metadata',
    })
    .describe('Only false: request headers are not carried along with the data.');
}
