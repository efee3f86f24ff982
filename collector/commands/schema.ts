/** `schema`: the JSON schema of the configuration, for editors that complete and check YAML. */
import { z } from 'zod';
import type { Kind } from '../../component/define.ts';
import { serviceSchema } from '../../config/service-schema.ts';
import { sections } from '../../config/validate.ts';
import { aliases, distribution } from '../distribution.ts';

type Json = Record<string, unknown>;

export async function printSchema(): Promise<number> {
  process.stdout.write(`${JSON.stringify(await configSchema(), null, 2)}\n`);
  return 0;
}

async function configSchema(): Promise<Json> {
  const properties: Json = {};
  for (const [section, kind] of Object.entries(sections)) {
    properties[section] = await sectionSchema(kind);
  }
  properties.service = jsonSchema(serviceSchema);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of otelcol-deepflow',
    type: 'object',
    properties,
    required: ['service'],
    additionalProperties: false,
  };
}

/** A key is a type, or type/name. */
async function sectionSchema(kind: Kind): Promise<Json> {
  const patternProperties: Json = {};
  for (const [type, load] of Object.entries(distribution[kind])) {
    const { default: definition } = await load();
    const former = Object.entries(aliases[kind]).filter(([, now]) => now === type);
    const words = [type, ...former.map(([alias]) => alias)].join('|');
    const { $schema: _, ...schema } = jsonSchema(definition.config);
    patternProperties[`^(${words})\\s*(/.*)?$`] = {
      description: definition.description,
      anyOf: [schema, { type: 'null' }],
    };
  }
  return { type: ['object', 'null'], patternProperties, additionalProperties: false };
}

function jsonSchema(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json;
}
