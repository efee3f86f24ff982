/** `components`: what this distribution holds, as YAML with the keys of the upstream Collector. */
import { stringify } from 'yaml';
import type { ComponentDefinition, Kind, Stability } from '../../component/define.ts';
import { schemes } from '../../config/providers.ts';
import { sections } from '../../config/validate.ts';
import { build } from '../build.ts';
import { distribution } from '../distribution.ts';

export async function printComponents(): Promise<number> {
  const listed: Record<string, unknown> = {
    buildinfo: { command: build.name, description: build.description, version: build.version },
  };
  for (const [section, kind] of Object.entries(sections)) {
    listed[section] = await componentsOf(kind);
  }
  listed.providers = schemes.map((scheme) => ({ scheme, module: `${build.name}/config/providers` }));
  process.stdout.write(stringify(listed, { lineWidth: 0 }));
  return 0;
}

async function componentsOf(kind: Kind): Promise<unknown[]> {
  const types = Object.keys(distribution[kind]).sort();
  return Promise.all(
    types.map(async (type) => {
      const { default: definition } = await distribution[kind][type]!();
      return {
        name: type,
        module: `${build.name}/${kind}s/${type}`,
        description: definition.description,
        ...(definition.deprecatedAliases?.length && { deprecated_aliases: definition.deprecatedAliases }),
        stability: stabilityOf(definition),
      };
    }),
  );
}

function stabilityOf(definition: ComponentDefinition): Record<string, string> {
  switch (definition.kind) {
    case 'extension':
      return { extension: title(definition.stability) };
    case 'connector':
      return Object.fromEntries(
        Object.entries(definition.signals).flatMap(([from, outgoing]) =>
          Object.entries(outgoing).map(([to, stability]) => [`${from}-to-${to}`, title(stability)]),
        ),
      );
    default:
      return Object.fromEntries(
        Object.entries(definition.signals).map(([signal, stability]) => [signal, title(stability)]),
      );
  }
}

function title(stability: Stability): string {
  return stability[0]!.toUpperCase() + stability.slice(1);
}
