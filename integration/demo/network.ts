/** The demo's two network namespaces and the cable between them; what an earlier demo left is removed first. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** nginx, storefront and recommendations are in the first; the rest, with the databases, in the second. */
export const front = { namespace: 'shop-front', address: '10.219.7.1' };
export const back = { namespace: 'shop-back', address: '10.219.7.2' };
const ends = [front, back];

export function createNetwork(): void {
  for (const { namespace } of ends) ip('netns', 'add', namespace);
  const [near, far] = [front.namespace, back.namespace];
  ip('link', 'add', 'shop', 'netns', near, 'type', 'veth', 'peer', 'name', 'shop', 'netns', far);
  for (const { namespace, address } of ends) {
    ip('-n', namespace, 'address', 'add', `${address}/30`, 'dev', 'shop');
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    ip('-n', namespace, 'link', 'set', 'shop', 'up');
  }
}

/** Ends what still runs in the namespaces and removes them; the cable goes with them. Gives how many processes there were. */
export async function removeNetwork(): Promise<number> {
  const left = new Set<number>();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const pids = existing().flatMap((namespace) => processesIn(namespace));
    for (const pid of pids) {
      left.add(pid);
      end(pid, signal);
    }
    for (let tries = 0; tries < 50 && pids.some(isAlive); tries++) await sleep(100);
  }
  for (const namespace of existing()) ip('netns', 'delete', namespace);
  return left.size;
}

function existing(): string[] {
  return ends.map(({ namespace }) => namespace).filter((namespace) => existsSync(`/run/netns/${namespace}`));
}

function processesIn(namespace: string): number[] {
  const text = execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
  return text.split('\n').filter(Boolean).map(Number);
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
