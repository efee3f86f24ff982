/** Rebuilds typed OTLP attribute values from their stored form: keys, values as text, and one type letter for each. */

export type AttributeType = 'string' | 'bool' | 'int' | 'double' | 'bytes' | 'array' | 'map' | 'empty';

/** `value` is text for all types: bytes are base64, arrays and maps are JSON. */
export interface Attribute {
  key: string;
  type: AttributeType;
  value: string;
}

/** Letters as the table comments define them. */
const typeOfLetter: Readonly<Record<string, AttributeType>> = {
  s: 'string',
  b: 'bool',
  i: 'int',
  d: 'double',
  y: 'bytes',
  a: 'array',
  m: 'map',
  e: 'empty',
};

/** SQL: a stored map as an array of pairs. JSON objects would lose an attribute whose key occurs twice. */
export function selectPairs(column: string): string {
  return `CAST(${column}, 'Array(Tuple(String, String))')`;
}

/** SQL: the same for an array of maps, as events and links have. */
export function selectPairLists(column: string): string {
  return `arrayMap(map -> ${selectPairs('map')}, ${column})`;
}

export type Pairs = readonly (readonly [key: string, value: string])[];

/** A row without type letters, as other writers leave it, has strings. */
export function readAttributes(pairs: Pairs, types: string): Attribute[] {
  return pairs.map(([key, value], at) => ({ key, type: typeOf(types[at]), value }));
}

export function typeOf(letter: string | undefined): AttributeType {
  return typeOfLetter[letter ?? 's'] ?? 'string';
}
