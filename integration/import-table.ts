/** Who may import whom: the table that ARCHITECTURE.md quotes, and the judge of one import against it. */
import { posix } from 'node:path';

/** A layer, then the layers it may import beside itself. Imports go one way: down this list never points up. */
export const layers = `
wire         nothing
pdata        wire
component    wire pdata
flow         wire pdata
clickhouse   wire pdata
bpf          nothing
host         nothing
querier      wire pdata clickhouse flow
config       pdata component
receivers    wire pdata component flow bpf host
processors   wire pdata component
connectors   wire pdata component
exporters    wire pdata component clickhouse
extensions   wire pdata component clickhouse querier
collector    wire pdata component flow bpf host clickhouse querier config receivers processors connectors exporters extensions
web          nothing
web/test     everything
scripts      nothing
integration  everything
`.trim();

/** An npm package, then the places that may import it; `tests` are *.test.ts files and folders named test or testing. */
export const packages = `
zod                  component config receivers processors connectors exporters extensions collector
yaml                 config collector
chdb                 clickhouse/embedded
@clickhouse/client   clickhouse querier
express              extensions/query
libbpfjs             bpf receivers collector integration
preact               web
@preact/signals      web
uplot                web
vite                 web
@opentelemetry/*     tests integration
@grpc/*              tests integration
protobufjs           tests integration
playwright-core      tests integration
axe-core             tests integration
`.trim();

/** Folders in which each folder is one component, which imports no other. */
const componentLayers = ['receivers', 'processors', 'connectors', 'exporters', 'extensions'];

const allowedLayers = parse(layers);
const allowedPackages = parse(packages);

/**
 * What is wrong with `file` (a path from the root) importing `specifier`, or undefined when nothing is.
 */
export function judge(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('.')) return judgeFile(file, posix.join(posix.dirname(file), specifier));
  return judgePackage(file, specifier);
}

function judgeFile(file: string, target: string): string | undefined {
  const layer = layerOf(file);
  const [, component] = file.split('/');
  const [targetLayer = '', targetComponent] = target.split('/');
  if (layer === targetLayer) {
    if (!componentLayers.includes(layer) || component === targetComponent) return undefined;
    return `a component imports another component (${target})`;
  }
  const allowed = allowedLayers.get(layer);
  if (allowed === undefined) return `${layer} is no layer of the import table`;
  if (allowed.includes(targetLayer) || allowed.includes('everything')) return undefined;
  return `${layer} may not import ${targetLayer} (${target})`;
}

/** The first folder, unless the table has a line of its own for the first two. */
function layerOf(file: string): string {
  const [first = '', second = ''] = file.split('/');
  return allowedLayers.has(`${first}/${second}`) ? `${first}/${second}` : first;
}

function judgePackage(file: string, specifier: string): string | undefined {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const allowed = allowedPackages.get(name) ?? allowedPackages.get(`${name.split('/')[0]}/*`);
  if (allowed === undefined) return `no layer may import the package ${name}`;
  const places = isTest(file) ? [...allowed, 'tests'] : allowed;
  if (isTest(file) && allowed.includes('tests')) return undefined;
  if (places.some((place) => file.startsWith(`${place}/`) || file.startsWith(`${place}.`))) return undefined;
  return `only ${allowed.join(', ')} may import the package ${name}`;
}

export function isTest(file: string): boolean {
  return /\.test\.tsx?$|\/test(ing)?\//.test(file);
}

function parse(table: string): Map<string, string[]> {
  return new Map(
    table.split('\n').map((line) => {
      const [name = '', ...allowed] = line.split(/\s+/);
      return [name, allowed];
    }),
  );
}
