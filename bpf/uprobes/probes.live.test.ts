/** Puts probes at the chosen points of running programs: each call is seen once, with its true result and its buffer filled. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, type TestContext, test } from 'node:test';
import { openObject, openRing } from 'libbpfjs';
import { withElf } from '../elf/file.ts';
import { compile, findClang } from '../programs/clang.ts';
import { buildGo, hasProgram, temporaryFolder } from '../testing/builds.ts';
import { gnutlsPoints } from './gnutls.ts';
import { type GoPoints, goPoints } from './go.ts';
import { createLibraryFinder } from './libraries.ts';
import type { ProbePoint } from './point.ts';

const folder = temporaryFolder('live-points');
after(folder.remove);
const permitted = process.getuid?.() === 0 ? false : 'only root may put probes into programs';

interface Call {
  cookie: bigint;
  result: number;
  firstByte: number;
  leaves: boolean;
}

/** Programs of testing/calls.bpf.c by the program that a point asks for. */
const programs: Readonly<Record<string, string>> = {
  go_tls_read: 'go_enter',
  go_tls_read_leave: 'go_leave',
  openssl_read: 'c_enter',
  openssl_read_leave: 'c_leave',
  openssl_read_ex: 'c_enter_ex',
  openssl_read_ex_leave: 'c_leave',
  gnutls_read: 'c_enter',
  gnutls_read_leave: 'c_leave',
};

/** Attaches the points of reads to one process; `stop` gives what they saw. */
function watch(t: TestContext, path: string, pid: number, points: ProbePoint[]): () => Call[] {
  const clang = findClang();
  if (clang === undefined) throw new Error('clang is missing: apt-get install clang-16');
  const compiled = join(folder.path, 'calls.bpf.o');
  compile(clang, join(import.meta.dirname, '../testing/calls.bpf.c'), compiled);
  const object = openObject(compiled);
  t.after(() => object.close());
  for (const name of object.programs) object.setExpectedAttachType(name, 'uprobe_multi');
  object.load();
  const ring = openRing(object.map('calls'));
  const wanted = points.filter(({ program }) => programs[program] !== undefined);
  const groups = Map.groupBy(wanted, ({ program, isReturn }) => `${program} ${isReturn}`);
  const links = [...groups.values()].map((group) =>
    object.program(programs[group[0]!.program]!).attach({
      kind: 'uprobe_multi',
      path,
      pid,
      offsets: group.map(({ offset }) => offset),
      cookies: group.map(({ cookie }) => cookie),
      isReturn: group[0]!.isReturn,
    }),
  );
  return () => {
    const calls: Call[] = [];
    const view = new DataView(ring.data.buffer, ring.data.byteOffset, ring.data.byteLength);
    const count = ring.claim();
    for (let index = 0; index < count; index++) {
      const at = ring.offsets[index]!;
      calls.push({
        cookie: view.getBigUint64(at, true),
        result: view.getInt32(at + 8, true),
        firstByte: view.getUint8(at + 24),
        leaves: view.getBigUint64(at + 32, true) === 1n,
      });
    }
    ring.release();
    for (const link of links) link.detach();
    ring.close();
    return calls;
  };
}

/** Starts a program that waits for a line, and afterwards prints what it read: `bytes firstByte`. */
async function start(
  t: TestContext,
  command: string,
  ...args: string[]
): Promise<{ child: ChildProcess; lines: string[] }> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  for (let wait = 0; wait < 400 && lines[0] !== 'ready'; wait++) await new Promise((done) => setTimeout(done, 25));
  assert.equal(lines.shift(), 'ready');
  return { child, lines };
}

async function run({ child }: { child: ChildProcess }): Promise<void> {
  const ended = once(child, 'close');
  child.stdin!.write('go\n');
  assert.deepEqual(await ended, [0, null]);
}

function reads(calls: Call[]): string[] {
  return calls
    .filter(({ leaves, result }) => leaves && result > 0)
    .map(({ result, firstByte }) => `${result} ${firstByte}`);
}

/** A file with a key and a certificate for it. */
function makeCertificate(name: string): string {
  const path = join(folder.path, `${name}.pem`);
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', [...request, '-keyout', path, '-out', `${path}.crt`], { stdio: 'ignore' });
  appendFileSync(path, readFileSync(`${path}.crt`));
  return path;
}

const goSource = `package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"os"
	"sync"
)

func main() {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, _ := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	certificate := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	listener, _ := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\\n')
	var print sync.Mutex
	var both sync.WaitGroup
	for connection := 0; connection < 8; connection++ {
		both.Add(2)
		go func() {
			defer both.Done()
			accepted, _ := listener.Accept()
			buffer := make([]byte, 70000)
			for {
				count, err := accepted.Read(buffer)
				if count > 0 {
					print.Lock()
					fmt.Println(count, buffer[0])
					print.Unlock()
				}
				if err != nil {
					return
				}
			}
		}()
		go func() {
			defer both.Done()
			raw, _ := net.Dial("tcp", listener.Addr().String())
			client := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
			for message := 1; message <= 25; message++ {
				bytes := make([]byte, message*message*40)
				for index := range bytes {
					bytes[index] = byte(message + connection)
				}
				client.Write(bytes)
			}
			client.Close()
		}()
	}
	both.Wait()
}
`;

test('Go: every Read of eight connections, on goroutines that change threads', { skip: permitted }, async (t) => {
  if (!hasProgram('go', 'version')) return t.skip('there is no Go toolchain here to build with');
  const binary = buildGo(folder.path, 'reader', goSource, '-ldflags', '-s -w');
  const started = await start(t, binary);
  const { points } = withElf(binary, goPoints) as GoPoints;
  const stop = watch(t, binary, started.child.pid!, points);
  await run(started);
  const seen = reads(stop());
  assert.ok(started.lines.length >= 200, `${started.lines.length} reads`);
  assert.deepEqual(seen.sort(), started.lines.sort());
});

const pythonSource = `
import socket, ssl, sys, threading
certificate = sys.argv[1]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(certificate)
client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client.check_hostname = False
client.verify_mode = ssl.CERT_NONE
print("ready", flush=True)
sys.stdin.readline()
lock = threading.Lock()

def serve(end):
    with server.wrap_socket(end, server_side=True) as connection:
        while True:
            data = connection.recv(70000)
            if not data:
                return
            with lock:
                print(len(data), data[0], flush=True)

def call(end, number):
    with client.wrap_socket(end) as connection:
        for message in range(1, 26):
            connection.sendall(bytes([message + number]) * (message * message * 40))
        connection.unwrap()

threads = []
for number in range(4):
    one, other = socket.socketpair()
    threads.append(threading.Thread(target=serve, args=[one]))
    threads.append(threading.Thread(target=call, args=[other, number]))
for thread in threads: thread.start()
for thread in threads: thread.join()
`;

test("Python's ssl: every read of four connections, in the library it has mapped", { skip: permitted }, async (t) => {
  const python = '/usr/bin/python3';
  if (!hasProgram(python, '-c', 'import ssl') || !hasProgram('openssl', 'version'))
    return t.skip('there is no Python with ssl here');
  const started = await start(t, python, '-c', pythonSource, makeCertificate('python'));
  const library = createLibraryFinder()
    .find(started.child.pid!)
    .find(({ kind }) => kind === 'openssl');
  assert.ok(library?.covered);
  const stop = watch(t, library.open, started.child.pid!, library.points);
  await run(started);
  const seen = reads(stop());
  assert.ok(started.lines.length >= 100, `${started.lines.length} reads`);
  assert.deepEqual(seen.sort(), started.lines.sort());
});

test('GnuTLS: all bytes of an answer to wget, read after it was executed', { skip: permitted }, async (t) => {
  const library = '/usr/lib/x86_64-linux-gnu/libgnutls.so.30';
  const linked = hasProgram('/bin/sh', '-c', 'ldd "$(command -v wget)" | grep -q libgnutls');
  if (!linked || !existsSync(library) || !hasProgram('openssl', 'version'))
    return t.skip('there is no wget with GnuTLS here');
  const pem = readFileSync(makeCertificate('gnutls'));
  const body = Buffer.alloc(100_000, 'y');
  const server = createServer({ key: pem, cert: pem }, (_, response) => response.end(body)).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const script = `echo ready; read line; exec wget -q --no-check-certificate -O /dev/null ${address}`;
  const started = await start(t, '/bin/sh', '-c', script);
  const points = withElf(library, gnutlsPoints)!;
  const stop = watch(t, library, started.child.pid!, points);
  await run(started);
  const seen = stop().filter(({ leaves, result }) => leaves && result > 0);
  const total = seen.reduce((sum, { result }) => sum + result, 0);
  // The head of the answer comes with it.
  assert.ok(total > body.length && total < body.length + 1000, `${total} bytes in ${seen.length} reads`);
  assert.equal(seen[0]?.firstByte, 'H'.charCodeAt(0));
  assert.ok(seen.slice(1).every(({ firstByte }) => firstByte === 'y'.charCodeAt(0) || firstByte === 'H'.charCodeAt(0)));
});
