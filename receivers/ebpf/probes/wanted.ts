/** Which of a library's probe points the options ask for. */
import type { TlsLibrary } from '../../../bpf/uprobes/libraries.ts';
import type { ProbePoint } from '../../../bpf/uprobes/point.ts';
import type { ProbesConfig } from './config.ts';

/** Besides those of HTTP/1: which goroutines streams of HTTP/2 and gRPC belong to. */
const streamOwners = new Set([
  'go_http2_round_trip',
  'go_http2_request',
  'go_http2_client_request',
  'go_http2_handler',
  'go_grpc_handler',
  'go_grpc_stream_leave',
]);

const tablePrograms = new Set(['go_http2_read_block', 'go_http2_write_block', 'go_hpack_decode', 'go_hpack_encode']);

/** Points that tell HTTP/2's tables of header fields, which are probed only while connections are met that began before us. */
export function tablePoints({ points }: TlsLibrary, { go_http: goHttp }: ProbesConfig): ProbePoint[] {
  return goHttp ? points.filter(({ program }) => tablePrograms.has(program)) : [];
}

export function wantedPoints({ kind, points }: TlsLibrary, config: ProbesConfig): ProbePoint[] {
  const { enabled, openssl, gnutls, go, go_http: goHttp, asyncio } = config;
  const [python, others] = [points.filter(isPython), points.filter((point) => !isPython(point))];
  switch (kind) {
    case 'go':
      return points.filter(({ program }) =>
        program.startsWith('go_tls_') ? enabled && go : goHttp && isOwner(program),
      );
    case 'gnutls':
      return enabled && gnutls ? points : [];
    default:
      return [...(enabled && openssl ? others : []), ...(asyncio ? python : [])];
  }
}

const isPython = ({ program }: ProbePoint): boolean => program.startsWith('python_');

function isOwner(program: string): boolean {
  return program.startsWith('go_http_') || streamOwners.has(program);
}
