/** What the tests run in a process of its own: `child.ts tracepoint | hold | load OBJECT | features`. */
import { spawnSync } from 'node:child_process';
import { isMainThread, parentPort } from 'node:worker_threads';
import { type BpfError, openObject, openRing, probeFeatures } from '../src/index.ts';
import { countAt, fixturePath } from './fixture.ts';

function load(path = fixturePath()) {
  const object = openObject(path);
  object.setAutoload('refused', false);
  object.setExpectedAttachType('on_multi', 'uprobe_multi');
  object.load();
  return object;
}

function answer(value: unknown): void {
  if (isMainThread) process.stdout.write(`${JSON.stringify(value)}\n`);
  else parentPort!.postMessage(value);
}

switch (isMainThread ? process.argv[2] : 'hold') {
  case 'tracepoint': {
    const object = load();
    const link = object.program('on_tracepoint').attach({ kind: 'auto' });
    for (let i = 0; i < 5; i++) spawnSync('/bin/true');
    const { tracefs } = probeFeatures();
    answer({ runs: countAt(object.map('runs'), 'tracepoint'), id: link.info().id, tracefs });
    link.detach();
    object.close();
    break;
  }
  case 'hold': {
    const object = load();
    const links = [
      object.program('on_tp_btf').attach({ kind: 'auto' }),
      object.program('on_uprobe').attach({ kind: 'uprobe', path: process.execPath, offset: 4096 }),
    ];
    const ring = openRing(object.map('ring'));
    ring.onReadable(() => ring.claim());
    answer(links.map((link) => link.info().id));
    // Until it is killed, at the latest when the test has long given up.
    setTimeout(() => ring.close(), 60_000);
    break;
  }
  case 'load':
    try {
      load(process.argv[3]);
      answer({ code: 'none' });
    } catch (error) {
      const { name, code, message, log } = error as BpfError;
      answer({ name, code, message, log });
    }
    break;
  case 'features':
    answer(probeFeatures());
    break;
}
