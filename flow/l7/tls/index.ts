/** TLS 1.0 to 1.3 and SSL 3.0 (RFC 8446, RFC 5246, RFC 6101): the handshake is one call; what follows it is encrypted. */
import type { Protocol } from '../protocol.ts';
import { describeTls } from './describe.ts';
import { TlsParser } from './parser.ts';
import { probeTls } from './probe.ts';

const tls: Protocol = {
  name: 'tls',
  label: 'TLS',
  transports: ['tcp'],
  ports: [443, 465, 636, 853, 989, 990, 993, 995, 5671, 6443, 8443],
  timeoutSeconds: 15,
  probe: probeTls,
  createParser: (session) => new TlsParser(session),
  describe: describeTls,
};

export default tls;
