/** Builds the services once: Go, Java and Python from their registries, into .cache/services. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { link, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from '../clients/toolchain.ts';
import { root } from '../kit/collector.ts';
import { mavenClassPath } from '../servers/maven.ts';

/** What the services are run with. */
export interface Built {
  /** Folder of the programs in Go; each is the same file under a name of its own. */
  go: string;
  /** orders.jar, which names its libraries. */
  java: string;
  /** Python with what requirements.txt names. */
  python: string;
}

const cache = join(root, '.cache', 'services');
const goNames = ['catalog', 'inventory', 'shipping', 'client'];

/** Builds all; what has not changed is not built again. */
export async function buildServices(): Promise<Built> {
  return { go: await buildGo(), java: await buildJava(), python: await buildPython() };
}

export async function buildGo(): Promise<string> {
  const folder = join(cache, 'go');
  const program = join(folder, 'services');
  mkdirSync(folder, { recursive: true });
  await run('go', ['build', '-o', program, '.'], join(import.meta.dirname, 'go'));
  for (const name of goNames) {
    await rm(join(folder, name), { force: true });
    await link(program, join(folder, name));
  }
  return folder;
}

export async function buildJava(): Promise<string> {
  const libraries = mavenClassPath('orders', [
    'org.postgresql:postgresql:42.7.8',
    'org.apache.kafka:kafka-clients:4.1.0',
    'org.slf4j:slf4j-nop:1.7.36',
  ]);
  const source = join(import.meta.dirname, 'java', 'orders');
  const files = readdirSync(source).map((name) => join(source, name));
  const folder = join(cache, `java-${fingerprint(files)}`);
  const jar = join(folder, 'orders.jar');
  if (!existsSync(jar)) {
    const classes = join(folder, 'classes');
    await run('javac', ['-cp', libraries, '-d', classes, ...files], root);
    const manifest = join(folder, 'manifest');
    // A line of a manifest has 72 bytes at most; the next begins with a space.
    const path = readdirSync(dirname(libraries)).map((name) => pathToFileURL(join(dirname(libraries), name)).pathname);
    const lines = `Class-Path: ${path.join(' ')}`.replace(/(?<=^.{70})|(?<=^.{70}(?:.{69})+)/g, '\n ');
    writeFileSync(manifest, `Main-Class: orders.Main\n${lines}\n`);
    await run('jar', ['--create', '--file', jar, '--manifest', manifest, '-C', classes, '.'], root);
  }
  return jar;
}

export async function buildPython(): Promise<string> {
  const requirements = join(import.meta.dirname, 'python', 'requirements.txt');
  const folder = join(cache, `python-${fingerprint([requirements])}`);
  const python = join(folder, 'bin', 'python');
  if (!existsSync(join(folder, 'complete'))) {
    mkdirSync(cache, { recursive: true });
    await run('python3', ['-m', 'venv', folder], root);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements], root);
    writeFileSync(join(folder, 'complete'), '');
  }
  return python;
}

/** Differs when a file differs. */
function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}
