/** `npm run demo`: sets everything up, installs what the shop is made of, and starts it. */
import { handOver } from './setup/hand-over.mjs';
import { environment } from './setup/node.mjs';
import { prepare } from './setup/prepare.mjs';
import { ensureLanguages, ensureProgram, ensureServers } from './setup/programs.mjs';
import { fail, SetupError } from './setup/steps.mjs';

try {
  if (process.getuid?.() !== 0)
    throw new SetupError('The demo makes network namespaces and captures calls: run it as root (`sudo npm run demo`).');
  const node = await prepare({ web: true });
  await ensureLanguages();
  await ensureServers();
  await ensureProgram(['ip'], ['iproute2'], 'it makes the network namespaces of the shop');
  await ensureProgram(['nsenter'], ['util-linux'], 'it starts programs in them');
  await ensureProgram(['openssl'], ['openssl'], 'it makes the certificate of the shop');
  handOver(node, ['integration/demo/main.ts', ...process.argv.slice(2)], environment(node));
} catch (error) {
  fail(error);
}
