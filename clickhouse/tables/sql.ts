/** Expressions that several views share. */

/** An id as lower-case hex, or '' when it is all zeros (that is: none). Skip indexes use the same expression. */
export function hexOrEmpty(column: string): string {
  return `if(empty(${column}), '', lower(hex(${column})))`;
}

/** Every id of an array as {@link hexOrEmpty}. */
export function hexArray(column: string): string {
  return `arrayMap(id -> ${hexOrEmpty('id')}, ${column})`;
}

/** The name of a number, '' for a number without one. */
export function nameOf(column: string, names: readonly string[]): string {
  const numbers = names.map((_, number) => number).join(', ');
  const texts = names.map((name) => `'${name}'`).join(', ');
  return `CAST(transform(${column}, [${numbers}], [${texts}], ''), 'LowCardinality(String)')`;
}
