/** Runs a program of this checkout under the Node.js it needs: `node scripts/with-node.mjs FILE.ts [arguments]`. */
import { handOver } from './setup/hand-over.mjs';
import { environment } from './setup/node.mjs';
import { prepare } from './setup/prepare.mjs';
import { fail } from './setup/steps.mjs';

try {
  const node = await prepare({ web: false });
  handOver(node, process.argv.slice(2), environment(node));
} catch (error) {
  fail(error);
}
