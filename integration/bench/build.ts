/** Builds the Go programs of the bench, once per change of their sources, and says what it does. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchDirectory, cacheDirectory } from './paths.ts';

export interface Programs {
  goCollector: string;
  /** Version of the Go Collector, as pinned in go-collector/go.mod. */
  goCollectorVersion: string;
  goVersion: string;
  generate: string;
  sink: string;
}

/** Throws when there is no Go or a build fails. */
export async function buildPrograms(): Promise<Programs> {
  const goVersion = installedGo();
  const version = collectorVersion();
  const collector = await buildModule('go-collector', ['.'], join(cacheDirectory, version), goVersion, [
    '-ldflags',
    `-s -w -X main.version=${version}`,
  ]);
  const loadgen = await buildModule('loadgen', ['./cmd/...'], join(cacheDirectory, 'loadgen'), goVersion, [
    '-ldflags',
    '-s -w',
  ]);
  return {
    goCollector: join(collector, 'go-collector'),
    goCollectorVersion: version,
    goVersion,
    generate: join(loadgen, 'generate'),
    sink: join(loadgen, 'sink'),
  };
}

function installedGo(): string {
  const result = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  if (result.status !== 0)
    throw new Error('the bench builds the Go Collector and its load generator: install Go 1.26 or newer');
  return result.stdout.trim();
}

function collectorVersion(): string {
  const goMod = readFileSync(join(benchDirectory, 'go-collector', 'go.mod'), 'utf8');
  return /go\.opentelemetry\.io\/collector\/otelcol (v\S+)/.exec(goMod)![1]!;
}

/** Builds packages of one module into a directory and returns it; does nothing when the inputs are those of last time. */
async function buildModule(
  module: string,
  packages: string[],
  target: string,
  goVersion: string,
  flags: string[],
): Promise<string> {
  const source = join(benchDirectory, module);
  const inputs = inputsHash(source, [goVersion, ...flags]);
  const stamp = join(target, 'inputs.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return target;
  mkdirSync(target, { recursive: true });
  console.log(`building ${module} from Go modules (first time: a few minutes; then only when its sources change) …`);
  const startedMs = Date.now();
  // One package at a time and at low priority, so that the machine stays usable.
  await run(
    'nice',
    ['-n', '10', 'go', 'build', '-p', '1', '-trimpath', '-buildvcs=false', ...flags, '-o', `${target}/`, ...packages],
    source,
  );
  writeFileSync(stamp, inputs);
  console.log(`built ${module} in ${((Date.now() - startedMs) / 1000).toFixed(0)} s`);
  return target;
}

function inputsHash(source: string, more: string[]): string {
  const hash = createHash('sha256');
  for (const file of globSync('{go.mod,go.sum,**/*.go}', { cwd: source, exclude: ['**/*_test.go'] }).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(source, file)));
  }
  return hash.update(more.join('\0')).digest('hex');
}

function run(command: string, args: string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: 'inherit',
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')} in ${cwd} ended with ${code}`));
    });
  });
}
