/**
 * `npm test`: sets everything up, checks types, style and generated files, then runs every test that needs Node.js and a
 * browser only. `npm test -- FILE…` runs just these test files; `npm test -- --peers` those against clients in other
 * languages.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { environment } from './setup/node.mjs';
import { prepare } from './setup/prepare.mjs';
import { ensureChromium, ensureLanguages, ensureServers, ensureTools } from './setup/programs.mjs';
import { fail, root, run, step } from './setup/steps.mjs';

const layers = [
  'wire',
  'pdata',
  'component',
  'flow',
  'clickhouse',
  'querier',
  'config',
  'collector',
  'bpf',
  'host',
  'scripts',
];
const components = ['receivers', 'processors', 'connectors', 'exporters', 'extensions'];
const units = [...layers, ...components, 'integration/bench', 'integration/conformance'].map(
  (folder) => `${folder}/**/!(*.live).test.ts`,
);
/** The page: its own code, and all of it in Chromium. */
const page = ['web/**/*.test.ts'];
/** Real binary, real processes: one file at a time, so that none starves another. */
const integration = ['integration/*.test.ts', 'integration/fuzz/fuzz.test.ts'];
/** Python, Java and Go are needed; these tests install their clients themselves. */
const peers = [
  'integration/{peers,clients,live,ebpf}/**/*.test.ts',
  'integration/fuzz/descriptors.test.ts',
  // Programs in the kernel under the load of real ones: long, and best alone.
  '{bpf,receivers}/**/*.live.test.ts',
];

const given = process.argv.slice(2);

try {
  const node = await prepare({ web: true });
  const env = { ...environment(node), CHROMIUM_PATH: await ensureChromium() };
  await ensureLanguages();
  await ensureServers();
  await ensureTools();
  process.chdir(root);
  if (given[0] === '--peers') {
    test(node, env, peers, 1);
  } else if (given.length > 0) test(node, env, given, 1);
  else {
    await check(node, env);
    test(node, env, units, 2);
    test(node, env, page, 1);
    test(node, env, integration, 1);
  }
} catch (error) {
  fail(error);
}

async function check(node, env) {
  const bin = (...path) => join('node_modules', ...path);
  const types = [bin('typescript', 'bin', 'tsc'), '--noEmit'];
  await step('types (tsc)', () => run(node, types, { env }));
  await step('types of the page (tsc)', () => run(node, [...types, '-p', 'web'], { env }));
  await step('types of the tests of the page (tsc)', () => run(node, [...types, '-p', 'web/test'], { env }));
  await step('style (biome)', () => run(node, [bin('@biomejs', 'biome', 'bin', 'biome'), 'check'], { env }));
  await step('generated files', async () => {
    await run(node, ['pdata/schema/generate.ts', '--check'], { env });
    await run(node, ['bpf/programs/generate.ts', '--check'], { env });
  });
}

/** Runs test files in the foreground and leaves with their exit code when one fails. */
function test(node, env, files, concurrency) {
  process.stdout.write('\n');
  const args = ['--test', `--test-concurrency=${concurrency}`, '--test-timeout=600000', ...files];
  const { status } = spawnSync(node, args, { stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
}
