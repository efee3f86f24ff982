/** The service of each resource of a batch. */

import { equals } from './attribute-finder.ts';
import { type AttributeTable, valueTypes } from './attributes.ts';

interface Resources {
  arena: Uint8Array;
  readonly resources: { rows: number; attributesStart: Uint32Array };
  readonly resourceAttributes: AttributeTable;
}

const nameKey = Buffer.from('service.name');
const namespaceKey = Buffer.from('service.namespace');

/** Per resource: offset and length of `service.namespace`, then of `service.name`; length 0 when missing. */
export function findServices({ arena, resources, resourceAttributes: table }: Resources): Uint32Array {
  const services = new Uint32Array(4 * resources.rows);
  for (let resource = 0; resource < resources.rows; resource++) {
    for (let i = resources.attributesStart[resource]!; i < resources.attributesStart[resource + 1]!; i++) {
      if (table.type[i] !== valueTypes.string) continue;
      const offset = table.key[2 * i]!;
      const length = table.key[2 * i + 1]!;
      const at = equals(nameKey, arena, offset, length) ? 2 : equals(namespaceKey, arena, offset, length) ? 0 : -1;
      if (at < 0) continue;
      services[4 * resource + at] = table.value[2 * i]!;
      services[4 * resource + at + 1] = table.value[2 * i + 1]!;
    }
  }
  return services;
}
