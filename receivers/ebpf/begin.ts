/** Told when capture begins: that it works, by what, what is on, and what of the options could not be followed. */
import type { SocketsProgram } from '../../bpf/programs/sockets/sockets.ts';
import type { FromThread } from '../../component/capture/messages.ts';
import type { Config } from './config.ts';

export interface Beginning {
  config: Pick<Config, 'tls' | 'files' | 'processes' | 'ring'>;
  hook: SocketsProgram['hook'];
  /** Whether connections are told. */
  tcp: boolean;
  /** What is wrong, a sentence each; the rest works. */
  errors: readonly string[];
}

export function tellBegin({ config, hook, tcp, errors }: Beginning, post: (message: FromThread) => void): void {
  const { tls, files, processes, ring } = config;
  const sees = [
    ['calls', true],
    ['TLS', tls.enabled && (tls.openssl || tls.gnutls)],
    ['Go', tls.enabled && tls.go],
    ['TCP connections', tcp],
    ['files', files.mode !== 'off'],
    ['processes', processes.events],
  ] as const;
  const on = sees.filter(([, isOn]) => isOn).map(([name]) => name);
  post({
    type: 'log',
    level: 'info',
    message: 'Capturing system calls',
    fields: { hook, sees: on.join(', '), ring_bytes: ring.size },
  });
  if (errors.length === 0) post({ type: 'status', status: 'ok' });
  else post({ type: 'status', status: 'recoverable_error', message: errors.join('; ') });
}
