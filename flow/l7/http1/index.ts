/** HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112). */
import { describeHttp } from '../http/describe.ts';
import type { Protocol } from '../protocol.ts';
import { Http1Parser } from './parser.ts';
import { probeHttp1 } from './probe.ts';

const http1: Protocol = {
  name: 'http1',
  label: 'HTTP',
  transports: ['tcp'],
  ports: [80, 8000, 8008, 8080, 8081, 8888, 3000],
  probe: probeHttp1,
  createParser: (session) => new Http1Parser(session),
  describe: describeHttp,
};

export default http1;
