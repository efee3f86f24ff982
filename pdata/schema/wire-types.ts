/** Which protobuf wire type each scalar of the message table has. */
import type { Field } from './layout.ts';

export function wireType(field: Field): number {
  if (field.isMessage) return 2;
  switch (field.type) {
    case 'fixed64':
    case 'sfixed64':
    case 'double':
      return 1;
    case 'fixed32':
      return 5;
    case 'string':
    case 'bytes':
    case 'id8':
    case 'id16':
      return 2;
    default:
      return 0;
  }
}

/** Repeated numbers may come packed into one field; strings and messages may not. */
export function isPackable(field: Field): boolean {
  return wireType(field) !== 2;
}

export function tagOf(number: number, type: number): string {
  return `0x${((number << 3) | type).toString(16).padStart(2, '0')}`;
}
