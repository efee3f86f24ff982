// A service for the bench: /N answers with N bytes. TLS when CERT and KEY are set.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

const { CERT, KEY, PORT } = process.env;
const answer = (request, response) => {
  const body = 'x'.repeat(Math.max(12, Number(request.url.slice(1)) || 0));
  response.writeHead(200, { 'content-length': body.length }).end(body);
};
const server = CERT
  ? createTlsServer({ cert: readFileSync(CERT), key: readFileSync(KEY) }, answer)
  : createServer(answer);
server.listen(Number(PORT), '127.0.0.1');
