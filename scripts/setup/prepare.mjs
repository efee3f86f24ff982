/** All set-up of a checkout, each step done only when it is not done yet. */
import { ensureBpf } from './bpf.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ensureNode } from './node.mjs';
import { ensurePacketRing } from './packet-ring.mjs';
import { ensureWeb } from './web.mjs';

/**
 * @param {{ web: boolean }} what whether the page is needed too
 * @returns {Promise<string>} path of the Node.js to run the product with
 */
export async function prepare({ web }) {
  const node = await ensureNode();
  await ensureDependencies();
  await ensurePacketRing(node);
  await ensureBpf(node);
  if (web) await ensureWeb(node);
  return node;
}
