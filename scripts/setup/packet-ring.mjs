/** The native part of packet capture: built with gcc when its sources or the Node.js have changed. Without gcc, capture is off. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root, run, step } from './steps.mjs';

const folder = join(root, 'bpf', 'packet-ring');
const build = join(folder, 'build');
const stampFile = join(build, '.built-from');

/** @param {string} node path of the Node.js that will load it */
export async function ensurePacketRing(node) {
  if (process.platform !== 'linux') return;
  const headers = findHeaders(node);
  const names = (await readdir(folder)).filter((name) => /\.[ch]$/.test(name)).sort();
  const hash = createHash('sha256').update(`${headers} ${process.arch}`);
  for (const name of names) hash.update(name).update(await readFile(join(folder, name)));
  const wanted = hash.digest('hex');
  const built = await readFile(stampFile, 'utf8').catch(() => undefined);
  if (built === wanted) return;
  if (headers === undefined) {
    say('The headers of Node.js (node_api.h, uv.h) are missing, so packet capture stays off.');
    say(`Install a Node.js that brings them (the archives of nodejs.org do) or Debian's libnode-dev, and start again.`);
    return;
  }
  const compiler = process.env.CC ?? 'gcc';
  if (!(await works(compiler))) {
    say(
      `${compiler} is missing, so packet capture stays off: install gcc (apt-get install gcc libc6-dev) and start again.`,
    );
    return;
  }
  const why = built === undefined ? 'not built yet' : 'its sources have changed';
  await step(`packet capture's native part (${why})`, async () => {
    await mkdir(build, { recursive: true });
    const output = join(build, 'packet-ring.node');
    const sources = names.filter((name) => name.endsWith('.c')).map((name) => join(folder, name));
    const flags = ['-std=gnu11', '-O2', '-fPIC', '-shared', '-Wall', '-Wextra', '-DNAPI_VERSION=9', `-I${headers}`];
    // Beside it and then renamed: a running collector has the old one mapped.
    const fresh = `${output}.${process.pid}`;
    await run(compiler, [...flags, '-o', fresh, ...sources, '-ldl', '-pthread']);
    await rename(fresh, output);
    await writeFile(stampFile, wanted);
  });
}

/** Node-API is one for all versions, so any Node.js' headers will do; libuv's come with them. */
function findHeaders(node) {
  const places = [join(dirname(node), '..', 'include', 'node'), '/usr/local/include/node', '/usr/include/node'];
  return places.find((place) => existsSync(join(place, 'node_api.h')) && existsSync(join(place, 'uv.h')));
}

async function works(compiler) {
  try {
    await run(compiler, ['--version']);
    return true;
  } catch {
    return false;
  }
}

function say(line) {
  process.stdout.write(`  ${line}\n`);
}
