/** Copies the example protocol under a new name, and adds that to the list of protocols. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupError } from './steps.mjs';

/** What a copy of the example says instead of what the example says of itself. */
const sentences = [
  [
    '/** Example, a protocol that nobody speaks and no collector looks for: `npm run new protocol NAME` copies this folder. */',
    (label) => `/** ${label}: what it is, and the specification it is read by. */`,
  ],
  [
    'Reads Example, a protocol that nobody speaks, as a pattern for real ones:',
    (label) => `Reads the messages of ${label}:`,
  ],
];

/** Words that cannot name a constant, and folders that are no protocols. */
const taken = new Set([
  'class',
  'const',
  'default',
  'delete',
  'enum',
  'export',
  'import',
  'new',
  'package',
  'static',
  'super',
  'testing',
  'this',
  'void',
  'with',
]);

/**
 * Makes `flow/l7/NAME` in the checkout at `root`. `label` is the name as people write it. Returns what to tell the user, line by line;
 * throws when the name cannot be one.
 */
export function newProtocol(root, name, label = name[0].toUpperCase() + name.slice(1)) {
  if (!/^[a-z][a-z0-9_]{1,30}$/.test(name) || taken.has(name)) {
    throw new SetupError(
      `${name} cannot name a protocol: take small letters, digits and _, beginning with a letter, as it is to stand in YAML`,
    );
  }
  if (!/^[\w .+/-]{1,40}$/.test(label))
    throw new SetupError(`${label} cannot be a label: take letters, digits, spaces, . + / -`);
  const source = join(root, 'flow', 'l7', 'example');
  const target = join(root, 'flow', 'l7', name);
  if (existsSync(target)) throw new SetupError(`flow/l7/${name} is there already`);
  addToList(join(root, 'flow', 'l7', 'protocols.ts'), name);
  addToNames(join(root, 'flow', 'l7', 'names.ts'), name);
  for (const file of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const from = join(file.parentPath, file.name);
    const to = join(target, from.slice(source.length).replaceAll('example', name));
    mkdirSync(dirname(to), { recursive: true });
    const content = readFileSync(from);
    writeFileSync(to, /\.(ts|txt)$/.test(to) ? renamed(content.toString(), name, label) : content);
  }
  format(root, [`flow/l7/${name}`, 'flow/l7/protocols.ts', 'flow/l7/names.ts']);
  return [
    `flow/l7/${name} speaks the example's protocol now, and is in the list of flow/l7/protocols.ts:`,
    '  index.ts     name, ports, how it is recognised: put the strictest probes first in the list',
    '  parser.ts    bytes to messages: begin with the table of fields',
    '  describe.ts  messages to a span: names of the semantic conventions',
    `  ${name}.test.ts, captures/${name}.pcap with its ${name}.golden.txt`,
    `Run its tests with: npm test -- flow/l7/${name}/${name}.test.ts`,
    'CONTRIBUTING.md, "Adding a protocol", has the way from a capture to a golden.',
  ];
}

function renamed(text, name, label) {
  let copy = text;
  for (const [sentence, replace] of sentences) copy = copy.replace(sentence, replace(label));
  const pascal = name.replace(/(^|_)([a-z0-9])/g, (_, _before, letter) => letter.toUpperCase());
  return copy
    .replaceAll('ExampleParser', `${pascal}Parser`)
    .replaceAll('describeExample', `describe${pascal}`)
    .replaceAll('Example', label)
    .replaceAll('example', name);
}

/** An import, and the last place of the list: that of the loosest probe. */
function addToList(path, name) {
  const text = readFileSync(path, 'utf8');
  const list = /(export const protocols: readonly Protocol\[\] = \[)([^\]]*)\];/;
  const found = list.exec(text);
  if (found === null)
    throw new SetupError(`${path} has no list of protocols as it is expected: add the protocol by hand`);
  const names = found[2]
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const imported = text.replace(
    '\nexport const protocols',
    `import ${name} from './${name}/index.ts';\n\nexport const protocols`,
  );
  writeFileSync(
    path,
    imported.replace(list, (_, head) => `${head}${[...names, name].join(', ')}];`),
  );
}

function addToNames(path, name) {
  const text = readFileSync(path, 'utf8');
  if (!text.includes('\n];\n'))
    throw new SetupError(`${path} has no list of names as it is expected: add the name by hand`);
  writeFileSync(path, text.replace('\n];\n', `\n  '${name}',\n];\n`));
}

/** The order of imports and the breaks of lines depend on the name. Without the formatter the code works all the same. */
function format(root, paths) {
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  if (existsSync(biome))
    spawnSync(process.execPath, [biome, 'check', '--write', ...paths], { cwd: root, stdio: 'ignore' });
}
