/** When processes are probed and when no longer: those that start later, ends in every way, and what is attached then. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { eventSource } from '../../../bpf/programs/event.gen.ts';
import { missingPermission } from '../../../bpf/programs/sockets/testing/capture.ts';
import { buildGo, type Files, makeCertificate, score, startPair } from './testing/pair.ts';
import { startWatch } from './testing/watch.ts';

const testing = join(import.meta.dirname, 'testing');
const run = promisify(execFile);
let files: Files;
let port = 0;
let nginx: ReturnType<typeof spawn>;

describe('when processes are probed', { skip: missingPermission() ?? false }, () => {
  before(async () => {
    files = makeCertificate();
    port = await freePort();
    writeFileSync(join(files.folder, 'nginx.conf'), nginxConfiguration(port));
    const errors = join(files.folder, 'error.log');
    nginx = spawn('nginx', ['-c', join(files.folder, 'nginx.conf'), '-p', files.folder, '-e', errors], {
      stdio: 'ignore',
    });
    for (let i = 0; i < 100 && !(await answers()); i++) await sleep(50);
  });

  after(async () => {
    nginx.kill('SIGTERM');
    await once(nginx, 'exit');
    files.remove();
  });

  test('nginx and programs that start later with libraries that are known are seen from their first call', async () => {
    const watch = startWatch();
    try {
      await watch.covered(nginx.pid!);
      // Before the probes of libgnutls are there, one program has to have shown it.
      await gnutls('/first', 1000);
      for (let i = 0; i < 5; i++) {
        await run('curl', ['-ks', `https://127.0.0.1:${port}/curl-${i}`, `https://127.0.0.1:${port}/again-${i}`]);
        await gnutls(`/gnutls-${i}`);
      }
      await watch.settle();
      for (const [name, source] of [
        ['curl', eventSource.openssl],
        ['again', eventSource.openssl],
        ['gnutls', eventSource.gnutls],
      ] as const) {
        for (let i = 0; i < 5; i++) {
          const told = watch.clear.filter(({ text }) => text.includes(`/${name}-${i}`));
          const ends = told.map(
            (one) => `${one.remotePort === port ? 'client' : 'server'} ${one.direction} ${one.source}`,
          );
          const own = eventSource.openssl;
          const all = [`client in ${source}`, `client out ${source}`, `server in ${own}`, `server out ${own}`];
          assert.deepEqual(ends.sort(), all, `${name} ${i}`);
        }
      }
    } finally {
      await watch.stop();
    }
  });

  test('what is asked first over a connection of Go that was idle since before the probes is told', async () => {
    const go = buildGo(join(testing, 'go'), join(files.folder, 'pair'));
    const pair = await startPair([go], files, 1, 10, ['-1']);
    await pair.run();
    const watch = startWatch();
    try {
      await watch.covered(pair.pid);
      await pair.run();
      await watch.settle();
      const { seen, wrong } = score(watch.clear, pair);
      assert.deepEqual(seen, { 'client out': 1, 'server in': 1, 'server out': 1, 'client in': 1 });
      assert.equal(wrong, 0);
    } finally {
      pair.stop();
      await watch.stop();
    }
  });

  test('processes that are left out are not probed', async () => {
    const watch = startWatch({}, (pid) => pid !== process.pid && pid !== nginx.pid);
    const pair = await startPair(['python3', join(testing, 'threads_pair.py')], files, 4, 20);
    try {
      await watch.covered(pair.pid);
      assert.deepEqual(await watch.status(nginx.pid!), []);
    } finally {
      pair.stop();
      await watch.stop();
    }
  });

  test('a library that only the mount namespace of a process has is probed there', { timeout: 60_000 }, async () => {
    const library = '/usr/lib/x86_64-linux-gnu/libssl.so.3';
    const copy = join(files.folder, 'libssl.so.3');
    copyFileSync(library, copy);
    const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
    const inside = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', copy, library];
    const watch = startWatch();
    const pair = await startPair([...inside, 'python3', join(testing, 'threads_pair.py')], files, 4, 20);
    try {
      const status = await watch.covered(pair.pid);
      assert.ok(status.some((one) => one.path === library && one.covered));
      watch.clear.length = 0;
      await pair.run();
      await watch.settle();
      const { seen, wrong } = score(watch.clear, pair);
      assert.deepEqual(seen, { 'client out': 80, 'server in': 80, 'server out': 80, 'client in': 80 });
      assert.equal(wrong, 0);
    } finally {
      pair.stop();
      await watch.stop();
    }
  });

  test('after stop nothing is attached, and it takes less than half a second', async () => {
    const watch = startWatch();
    await watch.covered(nginx.pid!);
    const links = linksOf(process.pid);
    assert.ok(remaining(links).length > 8);
    const begin = performance.now();
    await watch.stop();
    const stopMs = performance.now() - begin;
    assert.deepEqual(remaining(links), []);
    // Four times what is promised of a host by itself: this one runs other tests meanwhile.
    assert.ok(stopMs < 2000, `${stopMs} ms`);
    console.log(`# stopped after ${stopMs.toFixed(0)} ms`);
  });

  test('a collector that is killed leaves nothing attached', async () => {
    const child = spawn(process.execPath, [join(testing, 'child.ts'), String(nginx.pid)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal(line.toString(), 'covered\n');
    const links = linksOf(child.pid!);
    assert.ok(remaining(links).length > 8);
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (let i = 0; i < 40 && remaining(links).length > 0; i++) await sleep(50);
    assert.deepEqual(remaining(links), []);
    assert.ok(await answers());
  });
});

function nginxConfiguration(listen: number): string {
  return `daemon off; worker_processes 1; pid ${files.folder}/nginx.pid; error_log ${files.folder}/error.log;
events { worker_connections 64; }
http { access_log off; client_body_temp_path ${files.folder}/body; proxy_temp_path ${files.folder}/proxy; fastcgi_temp_path ${files.folder}/fastcgi;
  uwsgi_temp_path ${files.folder}/uwsgi; scgi_temp_path ${files.folder}/scgi;
  server { listen 127.0.0.1:${listen} ssl; ssl_certificate ${files.cert}; ssl_certificate_key ${files.key};
    location / { return 200 "you asked for $request_uri, port=$remote_port;"; } } }`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function answers(): Promise<boolean> {
  try {
    await run('curl', ['-ks', `https://127.0.0.1:${port}/`]);
    return true;
  } catch {
    return false;
  }
}

async function gnutls(path: string, idleMs = 0): Promise<void> {
  const client = spawn('gnutls-cli', ['--insecure', '--logfile=/dev/null', '-p', String(port), '127.0.0.1'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let text = '';
  client.stdout.on('data', (piece: Buffer) => {
    text += piece.toString();
    if (text.includes('port=')) client.stdin.end();
  });
  await sleep(idleMs);
  client.stdin.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  await once(client, 'exit');
}

/** Ids of the links that a process holds, as the kernel tells of its descriptors. */
function linksOf(pid: number): number[] {
  const folder = `/proc/${pid}/fdinfo`;
  const texts = readdirSync(folder).map((name) => {
    try {
      return readFileSync(`${folder}/${name}`, 'utf8');
    } catch {
      // Closed meanwhile.
      return '';
    }
  });
  return texts.flatMap((text) => /^link_id:\s+(\d+)$/m.exec(text)?.[1] ?? []).map(Number);
}

/** Those of them that the kernel still has. */
function remaining(links: number[]): number[] {
  const text = execFileSync('bpftool', ['--json', 'link', 'show'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const ids = new Set((JSON.parse(text) as { id: number }[]).map(({ id }) => id));
  return links.filter((id) => ids.has(id));
}
