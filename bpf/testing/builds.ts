/** Binaries that tests build with the compilers of this machine. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether a program is there; what it is asked must end at once. */
export function hasProgram(name: string, ...ask: string[]): boolean {
  try {
    execFileSync(name, ask, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** A folder of a test's own; `remove` takes it away with all that is in it. */
export function temporaryFolder(name: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `deepflow-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Builds a Go program of the standard library; returns the binary's path. */
export function buildGo(folder: string, name: string, source: string, ...flags: string[]): string {
  const module = join(folder, `${name}-source`);
  mkdirSync(module);
  writeFileSync(join(module, 'go.mod'), 'module example.test/built\n\ngo 1.21\n');
  writeFileSync(join(module, 'main.go'), source);
  const binary = join(folder, name);
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod', GOPROXY: 'off' };
  execFileSync('go', ['build', ...flags, '-o', binary, '.'], { cwd: module, env, timeout: 280_000, stdio: 'pipe' });
  return binary;
}

/** Compiles C; returns the binary's path. */
export function buildC(folder: string, name: string, source: string, ...flags: string[]): string {
  const binary = join(folder, name);
  const file = join(folder, `${name}.c`);
  writeFileSync(file, source);
  execFileSync('gcc', [file, '-o', binary, ...flags], { timeout: 60_000, stdio: 'pipe' });
  return binary;
}
