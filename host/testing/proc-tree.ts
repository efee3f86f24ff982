/** Makes a folder that looks like /proc, so that tests can say what a process looks like. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface FakeProcess {
  args?: string[] | Buffer;
  exe?: string;
  name?: string;
  parent?: number;
  start?: number;
  uid?: number;
  environ?: string[] | Buffer;
  cgroup?: string;
  mountinfo?: string;
  cwd?: string;
  net?: number;
  namespacePids?: number[];
  /** Files below its root, by absolute path. */
  files?: Record<string, string>;
}

export function createProcTree() {
  const proc = mkdtempSync(join(tmpdir(), 'otelcol-proc-'));
  mkdirSync(join(proc, 'sys/kernel/random'), { recursive: true });
  writeFileSync(join(proc, 'sys/kernel/random/boot_id'), '3d1c3a4e-6f0b-4d6c-9f55-000000000001\n');
  writeFileSync(join(proc, 'stat'), 'cpu 1 2 3\nbtime 1700000000\n');

  return {
    proc,
    /** Writes a process, in place of the one that had this pid. */
    add(pid: number, fake: FakeProcess): void {
      const folder = join(proc, String(pid));
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(join(folder, 'ns'), { recursive: true });
      const write = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content);
      const name = fake.name ?? fake.exe?.split('/').at(-1) ?? 'program';
      const fields = new Array<string>(50).fill('0');
      fields[0] = 'S';
      fields[1] = String(fake.parent ?? 1);
      fields[19] = String(fake.start ?? 1000);
      write('stat', `${pid} (${name}) ${fields.join(' ')}\n`);
      const uid = fake.uid ?? 0;
      const inner = fake.namespacePids ?? [pid];
      write('status', `Name:\t${name}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nNSpid:\t${inner.join('\t')}\n`);
      write('cmdline', terminated(fake.args ?? [name]));
      write('environ', terminated(fake.environ ?? []));
      write('cgroup', fake.cgroup ?? '0::/user.slice/user-0.slice/session-1.scope\n');
      write('mountinfo', fake.mountinfo ?? '');
      if (fake.exe !== undefined) symlinkSync(fake.exe, join(folder, 'exe'));
      symlinkSync(fake.cwd ?? '/', join(folder, 'cwd'));
      symlinkSync(`net:[${fake.net ?? 4026531840}]`, join(folder, 'ns/net'));
      symlinkSync('pid:[4026531836]', join(folder, 'ns/pid'));
      symlinkSync(`mnt:[${pid}]`, join(folder, 'ns/mnt'));
      mkdirSync(join(folder, 'root'));
      for (const [path, content] of Object.entries(fake.files ?? {})) {
        mkdirSync(dirname(join(folder, 'root', path)), { recursive: true });
        write(`root${path}`, content);
      }
    },
    end(pid: number): void {
      rmSync(join(proc, String(pid)), { recursive: true, force: true });
    },
    remove(): void {
      rmSync(proc, { recursive: true, force: true });
    },
  };
}

function terminated(texts: string[] | Buffer): string | Buffer {
  return Buffer.isBuffer(texts) ? texts : texts.map((text) => `${text}\0`).join('');
}
