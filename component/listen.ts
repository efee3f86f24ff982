/** Turns the reasons why a server cannot listen into errors that tell an operator what to do. */
import type { AddressInfo } from 'node:net';
import { type ListenTarget, parseHostPort } from '../wire/listen.ts';
import { OperatorError } from './errors.ts';

/** Runs `listen`; `where` is the path of the endpoint in YAML, such as `receivers::otlp::protocols::grpc::endpoint`. */
export async function listenOrExplain<T>(
  where: string,
  target: ListenTarget,
  listen: (target: ListenTarget) => Promise<T>,
): Promise<T> {
  try {
    return await listen(target);
  } catch (error) {
    throw explain(where, target, error as NodeJS.ErrnoException);
  }
}

function explain(where: string, target: ListenTarget, error: NodeJS.ErrnoException): OperatorError {
  const { endpoint } = target;
  const port = target.transport === 'unix' ? undefined : parseHostPort(endpoint)?.port;
  switch (error.code) {
    case 'EADDRINUSE': {
      const what = port === undefined ? `${endpoint} is` : `port ${port} is`;
      return new OperatorError(
        'ADDRESS_IN_USE',
        `${where}: ${what} taken by another process; change it or stop that process`,
        { cause: error },
      );
    }
    case 'EACCES': {
      const advice =
        port === undefined
          ? 'choose a path it may write to'
          : 'choose a port above 1023 or give the process CAP_NET_BIND_SERVICE';
      return new OperatorError('PERMISSION_DENIED', `${where}: this process may not listen on ${endpoint}; ${advice}`, {
        cause: error,
      });
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new OperatorError(
        'INVALID_CONFIG',
        `${where}: this machine has no address ${endpoint}; use localhost or 0.0.0.0`,
        { cause: error },
      );
    default:
      return new OperatorError('INVALID_CONFIG', `${where}: cannot listen on ${endpoint}: ${error.message}`, {
        cause: error,
      });
  }
}

/** `localhost:4317` as asked for, with the real port when port 0 left the choice to the system. */
export function listeningEndpoint(target: ListenTarget, address: AddressInfo | string | null): string {
  if (typeof address !== 'object' || address === null) return target.endpoint;
  return target.endpoint.replace(/:\d+$/, `:${address.port}`);
}
