/** Calls to Redis: the protocol is a line of words there and a line back for the few commands that are used here. */
import { once } from 'node:events';
import { connect } from 'node:net';

const idle = [];

/** Runs one command on a connection that nobody else uses meanwhile; `place` is tcp://HOST:PORT. */
export async function redis(noted, place, ...words) {
  const { hostname, port, host } = new URL(place);
  const socket = idle.pop() ?? (await open(hostname, Number(port)));
  const facts = { protocol: 'redis', address: host, method: words[0], target: words.join(' '), tls: false };
  return noted.call(facts, async () => {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${parts.join('')}`);
    const [answer] = await once(socket, 'data');
    const text = answer.toString().trim();
    idle.push(socket);
    return {
      status: text.startsWith('-') ? text.slice(1).split(' ')[0] : 'ok',
      localPort: socket.localPort,
      value: text,
    };
  });
}

async function open(host, port) {
  const socket = connect(port, host);
  socket.setNoDelay();
  await once(socket, 'connect');
  return socket;
}
