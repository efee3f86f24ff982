/** Attaches and leaves again and again while programs of each runtime serve load. PROBES_SOAK=50 for more rounds. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { missingPermission } from '../../../bpf/programs/sockets/testing/capture.ts';
import { buildGo, makeCertificate, score, startPair } from './testing/pair.ts';
import { startWatch } from './testing/watch.ts';

const testing = join(import.meta.dirname, 'testing');
const rounds = Number(process.env.PROBES_SOAK ?? 4);
const endless = 1e9;
const connections = 4;
/** Enough calls to be in one whenever probes come and go; not so many that the test measures the machine. */
const pauseMs = '10';

describe('probes that come and go', { skip: missingPermission() ?? false }, () => {
  test('programs go on with right answers, and each payload is told of its socket', { timeout: 600_000 }, async () => {
    const files = makeCertificate();
    const go = buildGo(join(testing, 'go'), join(files.folder, 'pair'));
    const pairs = await Promise.all(
      [
        [process.execPath, join(testing, 'node.ts')],
        ['python3', join(testing, 'asyncio_pair.py')],
        ['python3', join(testing, 'queued_pair.py')],
        ['python3', join(testing, 'threads_pair.py')],
        [go],
      ].map((command) => startPair(command, files, connections, endless, [pauseMs])),
    );
    let right = 0;
    let wrong = 0;
    try {
      // A wrong answer ends a program, and so this promise.
      for (const pair of pairs) pair.run().catch(() => {});
      for (let round = 0; round < rounds; round++) {
        const watch = startWatch();
        try {
          for (const pair of pairs) await watch.covered(pair.pid);
          await sleep(50);
        } finally {
          await watch.stop();
        }
        for (const pair of pairs) {
          assert.equal(pair.ended(), undefined);
          const result = score(watch.clear, pair);
          right += result.right;
          wrong += result.wrong;
          if (result.wrong > 0)
            console.log(`# round ${round}, program ${pairs.indexOf(pair)}: ${result.wrong} of another socket`);
          assert.ok(result.right > 0);
        }
      }
      await sleep(300);
      for (const pair of pairs) assert.equal(pair.ended(), undefined);
    } finally {
      for (const pair of pairs) pair.stop();
      files.remove();
    }
    console.log(`# ${rounds} rounds: ${right} payloads of the right socket, ${wrong} of another`);
    assert.ok(wrong <= right * 0.001);
  });
});
