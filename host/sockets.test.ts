import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createListeningPorts } from './listening-ports.ts';
import { readNamespace } from './proc-file.ts';
import { socketsOf } from './process-sockets.ts';
import { type HostSocket, parseSockets, readSockets } from './sockets.ts';
import { createProcTree } from './testing/proc-tree.ts';

const tree = createProcTree();
const children: ChildProcess[] = [];
after(() => {
  tree.remove();
  for (const child of children) child.kill('SIGKILL');
});

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const line = (local: string, remote: string, state: string, inode: number) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;

test('the tables of the kernel are read as they are', () => {
  const text =
    head +
    line('0100007F:1F90', '00000000:0000', '0A', 7) +
    line('0100007F:1F90', '0200007F:C350', '01', 8) +
    line('0000000000000000FFFF00000100007F:0050', '0000000000000000FFFF00000B00000A:C351', '01', 9) +
    line('B80D0120000000000000000001000000:01BB', '00000000000000000000000000000000:0000', '0A', 10) +
    line('00000000000000000000000000000000:01BB', '00000000000000000000000000000000:0000', '06', 0);
  const shown = parseSockets(text, 'tcp').map(
    ({ local, localPort, remote, remotePort, state, inode }) =>
      `${local} ${localPort} > ${remote} ${remotePort} ${state} ${inode}`,
  );
  assert.deepEqual(shown, [
    '127.0.0.1 8080 > 0.0.0.0 0 listening 7',
    '127.0.0.1 8080 > 127.0.0.2 50000 established 8',
    '127.0.0.1 80 > 10.0.0.11 50001 established 9',
    '2001:db8::1 443 > :: 0 listening 10',
    ':: 443 > :: 0 other 0',
  ]);
});

test('what is no table gives no sockets', () => {
  for (const text of ['', 'x', head, `${head}garbage\n`, `${head}   0: zz:zz zz:zz 0A\n`, `\n${'\0'.repeat(1000)}\n`]) {
    assert.deepEqual(parseSockets(text, 'tcp'), []);
  }
});

test('connections that exist have the right role and owner', async () => {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script = `import socket,sys,time
s = socket.create_connection(('127.0.0.1', ${port}))
print(s.getsockname()[1], flush=True)
time.sleep(60)`;
  const client = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(client);
  const [chunk] = (await once(client.stdout!, 'data')) as [Buffer];
  const clientPort = Number(chunk.toString());

  const sockets = readSockets('self');
  const find = (wanted: Partial<HostSocket>) =>
    sockets.find((socket) => Object.entries(wanted).every(([key, value]) => socket[key as keyof HostSocket] === value));
  const atServer = find({ localPort: port, remotePort: clientPort, state: 'established' })!;
  const atClient = find({ localPort: clientPort, remotePort: port, state: 'established' })!;
  assert.deepEqual([atServer.local, atClient.local], ['127.0.0.1', '127.0.0.1']);
  assert.equal(find({ localPort: port, state: 'listening' })?.remotePort, 0);

  assert.ok(socketsOf(process.pid).includes(atServer.inode));
  assert.ok(socketsOf(client.pid!).includes(atClient.inode));

  const netns = readNamespace('/proc/self/ns/net')!;
  const ports = createListeningPorts();
  assert.equal(ports.roleOf(netns, process.pid, 'tcp', port), 'server');
  assert.equal(ports.roleOf(netns, client.pid!, 'tcp', clientPort), 'client');
  assert.equal(ports.roleOf(1, process.pid, 'tcp', port), undefined, 'a namespace that nobody is in');
  server.close();
});

test('a UDP socket without a peer is a server, unless the kernel chose its port', async () => {
  const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
  sockets[0].bind(20_053 + (process.pid % 1000), '127.0.0.1');
  sockets[1].bind(0, '127.0.0.1');
  await Promise.all(sockets.map((socket) => once(socket, 'listening')));
  const ports = createListeningPorts();
  const netns = readNamespace('/proc/self/ns/net')!;
  const roles = sockets.map((socket) => ports.roleOf(netns, process.pid, 'udp', socket.address().port));
  for (const socket of sockets) socket.close();
  assert.deepEqual(roles, ['server', 'client']);
});

test('the namespace of a socket counts, not that of the process that was handed it', () => {
  for (const [pid, net, port] of [
    [50, 1001, '1F90'],
    [51, 1002, '1F91'],
  ] as const) {
    tree.add(pid, { net });
    mkdirSync(join(tree.proc, `${pid}/net`));
    writeFileSync(join(tree.proc, `${pid}/net/tcp`), head + line(`0100007F:${port}`, '00000000:0000', '0A', pid));
  }
  let clockMs = 0;
  const ports = createListeningPorts({ proc: tree.proc, now: () => clockMs });
  assert.equal(ports.roleOf(1002, 50, 'tcp', 8081), 'server');
  assert.equal(ports.roleOf(1002, 50, 'tcp', 8080), 'client');
  assert.equal(ports.roleOf(1001, 50, 'tcp', 8080), 'server');
  writeFileSync(join(tree.proc, '50/net/tcp'), head + line('0100007F:0016', '00000000:0000', '0A', 50));
  assert.equal(ports.roleOf(1001, 50, 'tcp', 22), 'client', 'as it was read');
  clockMs = 5000;
  assert.equal(ports.roleOf(1001, 50, 'tcp', 22), 'server', 'as it is now');
});

test('connected sockets of a client', async () => {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  const established = readSockets(process.pid).filter((socket) => socket.remotePort === port);
  const held = new Set(socketsOf(process.pid));
  for (const client of clients) client.destroy();
  server.close();
  assert.equal(established.length, 20);
  assert.ok(established.every(({ inode }) => held.has(inode)));
});

test('the descriptors of a process that are sockets', () => {
  tree.add(60, {});
  mkdirSync(join(tree.proc, '60/fd'));
  ['socket:[500]', 'socket:[501]', '/dev/null'].forEach((target, at) => {
    symlinkSync(target, join(tree.proc, `60/fd/${at}`));
  });
  assert.deepEqual(socketsOf(60, tree.proc), [500, 501]);
  assert.deepEqual(socketsOf(61, tree.proc), []);
});
