/** HTTP/2 (RFC 9113), and what runs on it: gRPC and Dubbo's Triple. */
import { describeGrpc } from '../grpc/describe.ts';
import { describeHttp } from '../http/describe.ts';
import type { Protocol } from '../protocol.ts';
import { describeReset } from './describe-reset.ts';
import { Http2Parser } from './parser.ts';
import { probeHttp2 } from './probe.ts';

const http2: Protocol = {
  name: 'http2',
  label: 'HTTP/2',
  transports: ['tcp'],
  ports: [50051, 8443, 4317],
  probe: probeHttp2,
  createParser: (session) => new Http2Parser(session),
  describe(span, request, response) {
    if (request?.label || response?.label) describeGrpc(span, request, response);
    else {
      describeHttp(span, request, response);
      describeReset(span, request, response);
    }
  },
};

export default http2;
