/** Where configuration text comes from: `file:`, `env:`, `yaml:`, `http:` and `https:`. */
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { type ConfigNode, formatPosition, type Position } from './node.ts';
import { readYaml, YamlError } from './yaml.ts';

export const schemes = ['env', 'file', 'http', 'https', 'yaml'] as const;

export interface ProviderOptions {
  env: Record<string, string | undefined>;
  /** Told of things that are probably mistakes but do not stop the collector. */
  warn(message: string): void;
}

const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]+):/;
const maxDownloadBytes = 16 * 2 ** 20;

/** Reads one `--config` location. Without a scheme (or with a drive letter) it is a file. */
export async function readLocation(location: string, options: ProviderOptions): Promise<ConfigNode> {
  const scheme = schemePattern.exec(location)?.[1];
  switch (scheme) {
    case 'yaml':
      return unflatten(readYaml(location.slice(5), shorten(location)));
    case 'env':
      return unflatten(readVariable(location.slice(4), { source: location, line: 1, column: 1 }, options));
    case 'http':
    case 'https':
      return unflatten(readYaml(await download(location), location));
    case 'file':
      return unflatten(await readFileNode(location.slice(5)));
    case undefined:
      return unflatten(await readFileNode(location));
    default:
      throw new Error(`scheme "${scheme}" is not supported for uri "${location}"; supported are ${schemes.join(', ')}`);
  }
}

/** Gives the value of a reference inside a configuration: `${env:X}`, `${X:-default}`, `${file:…}`, `${yaml:…}`. */
export async function readReference(uri: string, at: Position, options: ProviderOptions): Promise<ConfigNode> {
  const scheme = schemePattern.exec(uri)?.[1];
  if (scheme === undefined || uri.startsWith(':-', scheme.length)) return readVariable(uri, at, options);
  switch (scheme) {
    case 'env':
      return readVariable(uri.slice(4), at, options);
    case 'yaml':
      return textNode(uri.slice(5), at);
    case 'file':
      return textNode(await readText(uri.slice(5)), at);
    case 'http':
    case 'https':
      return textNode(await download(uri), at);
    default:
      throw new Error(`scheme "${scheme}" is not supported for uri "${uri}" (${formatPosition(at)})`);
  }
}

/** A location that is itself YAML, short enough to stand in a message. */
function shorten(location: string): string {
  const [first] = location.split('\n', 1);
  return first!.length < location.length || first!.length > 60 ? `${first!.slice(0, 57)}...` : location;
}

function readVariable(reference: string, at: Position, { env, warn }: ProviderOptions): ConfigNode {
  const dash = reference.indexOf(':-');
  const name = dash < 0 ? reference : reference.slice(0, dash);
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
    throw new Error(
      `environment variable "${name}" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$ (${formatPosition(at)})`,
    );
  }
  const value = env[name] ?? (dash < 0 ? undefined : reference.slice(dash + 2));
  if (value === undefined) {
    warn(`Configuration references unset environment variable ${name} (${formatPosition(at)})`);
    return { kind: 'scalar', value: null, at };
  }
  return textNode(value, at);
}

/** A value as YAML would type it, that still knows its text; text that is not YAML is a string. */
function textNode(text: string, at: Position): ConfigNode {
  try {
    const node = readYaml(text, at.source, at);
    const isText = node.kind === 'scalar' && typeof node.value === 'string';
    return { ...node, variableText: isText ? (node.value as string) : text };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return { kind: 'scalar', value: text, at, variableText: text };
  }
}

async function readFileNode(path: string): Promise<ConfigNode> {
  const shown = relative(process.cwd(), path);
  return readYaml(await readText(path), shown.startsWith('..') ? path : shown);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'no permission to read it' : code;
    throw new Error(`unable to read the file ${path}: ${reason}`, { cause });
  }
}

async function download(url: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  } catch (cause) {
    throw new Error(`unable to download ${url}: ${(cause as Error).message}`, { cause });
  }
  if (!response.ok) throw new Error(`unable to download ${url}: the server answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxDownloadBytes)
      throw new Error(`unable to use ${url}: it is larger than ${maxDownloadBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `a::b: v` at the top of a location means `a: { b: v }`. */
function unflatten(root: ConfigNode): ConfigNode {
  if (root.kind !== 'map') return root;
  const entries: typeof root.entries = new Map();
  const target: ConfigNode = { ...root, entries };
  for (const [key, entry] of root.entries) {
    const steps = key.split('::');
    let inner = target;
    for (const step of steps.slice(0, -1)) {
      const next = inner.entries.get(step)?.value;
      const map = next?.kind === 'map' ? next : { kind: 'map' as const, entries: new Map(), at: entry.keyAt };
      inner.entries.set(step, { keyAt: entry.keyAt, value: map });
      inner = map;
    }
    inner.entries.set(steps.at(-1)!, entry);
  }
  return target;
}
