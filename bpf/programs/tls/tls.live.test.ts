/** Loads the programs and joins them to a library, by one link for all probes and by a link for each. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { openRing } from 'libbpfjs';
import { withElf } from '../../elf/file.ts';
import { opensslPoints } from '../../uprobes/openssl.ts';
import { eventDirection, eventKind, eventSource } from '../event.gen.ts';
import { EventReader } from '../event.ts';
import { openSockets } from '../sockets/sockets.ts';
import { missingPermission } from '../sockets/testing/capture.ts';
import { openTls } from './tls.ts';

const library = '/usr/lib/x86_64-linux-gnu/libssl.so.3';
const points = withElf(library, (file) => opensslPoints(file)?.points ?? []);

/** A server and a client in one process, which exchange one line each, by SSL_read and SSL_write on sockets. */
const exchange = `
import os, socket, ssl, subprocess, tempfile, threading
folder = tempfile.mkdtemp()
key, cert = folder + "/key", folder + "/cert"
subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
listener = socket.create_server(("127.0.0.1", 0))
def serve():
    with context.wrap_socket(listener.accept()[0], server_side=True) as tls:
        tls.sendall(b"answer to " + tls.recv(100))
thread = threading.Thread(target=serve)
thread.start()
client = ssl.create_default_context()
client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
with client.wrap_socket(socket.create_connection(listener.getsockname())) as tls:
    tls.sendall(b"question")
    tls.recv(100)
thread.join()
print(os.getpid())
`;

describe('the TLS programs', { skip: missingPermission() ?? false }, () => {
  const ways = [
    { name: 'one link holds all probes of a file', hook: 'tp_btf', multi: true },
    { name: 'where the kernel knows no such link, each probe is one', hook: 'tp_btf', multi: false },
    { name: 'beside raw tracepoints, as before Linux 6.2', hook: 'raw_tp', multi: false },
  ] as const;
  for (const { name, hook, multi } of ways) {
    test(name, () => {
      using sockets = openSockets({ ringBytes: 1 << 24, traceByDefault: true, hooks: [hook] });
      using ring = openRing(sockets.map('events'));
      using tls = openTls(sockets.shared, { families: ['library'], multi });
      assert.deepEqual([...tls.failures], []);
      assert.equal(tls.has('go'), false);
      const links = tls.attach({ family: 'library', path: library, points });
      const pid = Number(execFileSync('python3', ['-c', exchange]));
      links.detach();
      const told: string[] = [];
      const reader = new EventReader(ring.data);
      for (let count = ring.claim(); count > 0; count = ring.claim()) {
        for (let i = 0; i < count; i++) {
          reader.at(ring.offsets[i]!);
          if (reader.pid !== pid || reader.kind !== eventKind.data || reader.source !== eventSource.openssl) continue;
          const way = reader.direction === eventDirection.out ? 'out' : 'in';
          told.push(`${way} ${Buffer.from(reader.payload()).toString()} ${reader.family}`);
        }
        ring.release();
      }
      assert.deepEqual(told.sort(), [
        'in answer to question 4',
        'in question 4',
        'out answer to question 4',
        'out question 4',
      ]);
    });
  }

  test('a file that cannot be probed leaves nothing behind and says why', () => {
    using sockets = openSockets({ ringBytes: 1 << 20, traceByDefault: false });
    using tls = openTls(sockets.shared, { families: ['library'] });
    assert.throws(() => tls.attach({ family: 'library', path: '/no/such/file', points }), {
      code: 'ENOENT',
      message: /attaching program tls_library to \/no\/such\/file/,
    });
    assert.throws(() => tls.attach({ family: 'go', path: library, points }), /go-tls.bpf.o is not loaded/);
  });
});
