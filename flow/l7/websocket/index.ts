/** WebSocket (RFC 6455): what follows an upgrade of HTTP/1.1; one span a connection, with counts of what passed. */
import type { Protocol } from '../protocol.ts';
import { describeWebSocket } from './describe.ts';
import { WebSocketParser } from './parser.ts';

const websocket: Protocol = {
  name: 'websocket',
  label: 'WebSocket',
  transports: ['tcp'],
  ports: [],
  // Frames have no mark of their own: HTTP/1 says when they begin.
  probe: () => 'no',
  createParser: (session) => new WebSocketParser(session),
  describe: describeWebSocket,
};

export default websocket;
