/** eBPF: the package libbpfjs with its native part, and the programs, each built when its sources have changed. Without them eBPF is off. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { environment } from './node.mjs';
import { ensurePackages, ensureProgram } from './programs.mjs';
import { root, run, SetupError, step } from './steps.mjs';

const library = join('bpf', 'libbpfjs');
const programs = join('bpf', 'programs');

/** @param {string} node path of the Node.js that will load it */
export async function ensureBpf(node) {
  const env = environment(node);
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  await ensureBuilt({
    what: 'package libbpfjs',
    sources: ['tsconfig.json', `${library}/tsconfig.json`, ...(await filesIn(`${library}/src`, /(?<!\.test)\.ts$/))],
    output: join(library, 'lib'),
    build: () => run(node, [tsc, '-p', library], { env }),
  });
  if (process.platform !== 'linux') return;
  try {
    await ensureBuilt({
      what: "eBPF's native part",
      sources: [`${library}/build.mjs`, ...(await filesIn(`${library}/native`, /\.[ch]$/))],
      output: join(library, 'build'),
      need: ensureLibbpf,
      build: () => run(node, [join(library, 'build.mjs')], { env }),
    });
    await ensureBuilt({
      what: "eBPF's programs",
      sources: [`${programs}/build.ts`, `${programs}/clang.ts`, ...(await filesIn(programs, /\.[ch]$/))],
      output: join(programs, 'build'),
      need: ensureClang,
      build: () => run(node, [join(programs, 'build.ts')], { env }),
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stdout.write(`  eBPF stays off; everything else works. ${error.message}\n`);
  }
}

/** What comes out stays until what it is made of changes: `.built-from` beside it tells. */
async function ensureBuilt({ what, sources, output, need = async () => {}, build }) {
  const hash = createHash('sha256').update(process.arch);
  for (const file of sources) hash.update(file).update(await readFile(join(root, file)));
  const wanted = hash.digest('hex');
  const stampFile = join(root, output, '.built-from');
  const built = await readFile(stampFile, 'utf8').catch(() => undefined);
  if (built === wanted) return;
  await need();
  await step(`${what} (${built === undefined ? 'not built yet' : 'its sources have changed'})`, async () => {
    await build();
    await mkdir(dirname(stampFile), { recursive: true });
    await writeFile(stampFile, wanted);
  });
}

/** Paths from the root of the files below a folder whose names match. */
async function filesIn(folder, pattern) {
  const names = await readdir(join(root, folder), { recursive: true });
  const matching = names.filter((name) => pattern.test(name)).sort();
  return matching.map((name) => join(folder, name));
}

async function ensureLibbpf() {
  await ensureProgram([process.env.CC ?? 'gcc'], ['gcc', 'libc6-dev'], "eBPF's native part is compiled with it");
  if (!existsSync('/usr/include/bpf/libbpf.h')) await ensurePackages(['libbpf-dev'], 'it loads eBPF programs');
}

async function ensureClang() {
  const names = ['', '-16', '-19', '-18', '-17', '-15', '-14'];
  const clangs = names.map((version) => `clang${version}`);
  const strips = names.map((version) => `llvm-strip${version}`);
  const why = "eBPF's programs are compiled with it; 250 MB";
  try {
    await ensureProgram(clangs, ['clang-16', 'llvm-16'], why);
    await ensureProgram(strips, ['llvm-16'], why);
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    // A distribution without this version has another one that will do.
    await ensureProgram(clangs, ['clang', 'llvm'], why);
    await ensureProgram(strips, ['llvm'], why);
  }
}
