/** Keys of the attributes of flow records. */
import { flowAttributes } from '../../pdata/schema/flow-log.ts';
import { type AttributeKey, attributeKey } from '../otlp/attribute-writer.ts';

const known = new Set(flowAttributes.map(({ key }) => key));

/** The key of an attribute that the table has. */
export function recordKey(name: string): AttributeKey {
  if (!known.has(name)) throw new Error(`flow record: ${name} is not in pdata/schema/flow-log.ts; add it there`);
  return attributeKey(name);
}
