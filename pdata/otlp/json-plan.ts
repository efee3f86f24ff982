/** The OTLP message table, prepared for reading and writing JSON: names as bytes, tags, and links between messages. */
import { messages } from '../schema/otlp.ts';
import { enumNames } from './json-enums.ts';

/** What a field holds. `id` is bytes that OTLP JSON writes in hex. */
export type FieldKind =
  | 'message'
  | 'string'
  | 'bytes'
  | 'id'
  | 'bool'
  | 'enum'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'fixed32'
  | 'int64'
  | 'uint64'
  | 'fixed64'
  | 'sfixed64'
  | 'double';

export interface FieldPlan {
  /** Position in {@link MessagePlan.fields}. */
  index: number;
  number: number;
  kind: FieldKind;
  /** lowerCamelCase, as OTLP JSON spells it. */
  jsonName: string;
  jsonNameBytes: Uint8Array;
  /** As the .proto file spells it, which JSON readers must accept too. */
  protoNameBytes: Uint8Array;
  repeated: boolean;
  /** Repeated numbers, which are written as one length-delimited field. */
  packed: boolean;
  /** Written even when zero: message, optional, or a variant of a oneof. */
  presence: boolean;
  /** Name of the oneof, or an empty string. */
  oneof: string;
  /** Length in bytes of an `id`. */
  idLength: number;
  /** The tag with the wire type that is written. */
  tag: number;
  /** Wire type of one value. */
  wireType: 0 | 1 | 2 | 5;
  message: MessagePlan | null;
  enumNames: readonly string[];
}

export interface MessagePlan {
  name: string;
  /** In ascending order of number. */
  fields: readonly FieldPlan[];
  /** By number; undefined is a field this collector does not know. */
  byNumber: readonly (FieldPlan | undefined)[];
  /** Whether it is one of the messages that contain each other, whose nesting has a limit. */
  nests: boolean;
}

/** The messages that attribute values are made of. */
const nesting: ReadonlySet<string> = new Set(['KeyValue', 'AnyValue', 'ArrayValue', 'KeyValueList']);

/** The plan of the message `name` of the table. Throws when there is none. */
export function messagePlan(name: string): MessagePlan {
  const known = plans.get(name);
  if (known !== undefined) return known;
  const message = messages[name];
  if (message === undefined) throw new Error(`${name} is not a message of the OTLP table`);
  const fields: FieldPlan[] = [];
  const byNumber: FieldPlan[] = [];
  const plan: MessagePlan = { name, fields, byNumber, nests: nesting.has(name) };
  plans.set(name, plan);
  for (const [number, protoName, type] of message.fields) {
    const field = fieldPlan(name, fields.length, number, protoName, type);
    fields.push(field);
    byNumber[number] = field;
  }
  return plan;
}

/** The largest number of fields in one message. */
export const maxFields = Math.max(...Object.values(messages).map((message) => message.fields.length));

const plans = new Map<string, MessagePlan>();

function fieldPlan(message: string, index: number, number: number, protoName: string, type: string): FieldPlan {
  const [, base, mark, oneof] = /^(\w+)(\*|\?)?(?:\|(\w+))?$/.exec(type)!;
  const idLength = base === 'id8' ? 8 : base === 'id16' ? 16 : 0;
  const kind = (idLength > 0 ? 'id' : base! in messages ? 'message' : base!) as FieldKind;
  const wireType = wireTypes[kind];
  const repeated = mark === '*';
  const packed = repeated && wireType !== 2;
  const jsonName = protoName.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return {
    index,
    number,
    kind,
    jsonName,
    jsonNameBytes: Buffer.from(jsonName),
    protoNameBytes: Buffer.from(protoName),
    repeated,
    packed,
    presence: kind === 'message' || mark === '?' || oneof !== undefined,
    oneof: oneof ?? '',
    idLength,
    tag: (number << 3) | (packed ? 2 : wireType),
    wireType,
    message: kind === 'message' ? messagePlan(base!) : null,
    enumNames: enumNames[`${message}.${protoName}`] ?? [],
  };
}

const wireTypes: Record<FieldKind, 0 | 1 | 2 | 5> = {
  message: 2,
  string: 2,
  bytes: 2,
  id: 2,
  bool: 0,
  enum: 0,
  int32: 0,
  uint32: 0,
  sint32: 0,
  int64: 0,
  uint64: 0,
  fixed32: 5,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
};
