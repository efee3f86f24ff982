/** Which of a library's probe points the options ask for. */
import type { TlsLibrary } from '../../../bpf/uprobes/libraries.ts';
import type { ProbePoint } from '../../../bpf/uprobes/point.ts';
import type { ProbesConfig } from './config.ts';

export function wantedPoints({ kind, points }: TlsLibrary, config: ProbesConfig): ProbePoint[] {
  const { enabled, openssl, gnutls, go, go_http: goHttp } = config;
  switch (kind) {
    case 'go':
      return points.filter(({ program }) =>
        program.startsWith('go_tls_') ? enabled && go : program.startsWith('go_http_') && goHttp,
      );
    case 'gnutls':
      return enabled && gnutls ? points : [];
    default:
      return enabled && openssl ? points : [];
  }
}
