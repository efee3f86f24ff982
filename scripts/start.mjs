/** `npm start`: sets everything up, then runs the collector with the default preset, or with the arguments after `--`. */
import { join } from 'node:path';
import { handOver } from './setup/hand-over.mjs';
import { environment } from './setup/node.mjs';
import { prepare } from './setup/prepare.mjs';
import { fail, root } from './setup/steps.mjs';

const given = process.argv.slice(2);
const asked =
  /^[a-z]|^--(version|help)$/.test(given[0] ?? '') || given.some((argument) => /^--config(=|$)/.test(argument));
const args = asked ? given : ['--config', join('config', 'presets', 'default.yaml'), ...given];

try {
  const node = await prepare({ web: true });
  process.chdir(root);
  handOver(join(root, 'bin', 'otelcol-deepflow'), args, environment(node));
} catch (error) {
  fail(error);
}
