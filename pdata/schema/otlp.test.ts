/** The message table says what the protobuf descriptors of OTLP say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enumNames } from '../otlp/json-enums.ts';
import { messagePlan } from '../otlp/json-plan.ts';
import { type DescriptorField, descriptorEnums, descriptorMessages } from './descriptors.gen.ts';
import { messages } from './otlp.ts';

/** Names in the table that are not the last part of the descriptor's name. */
const renamed: Record<string, string> = {
  'opentelemetry.proto.trace.v1.Span.Event': 'SpanEvent',
  'opentelemetry.proto.trace.v1.Span.Link': 'SpanLink',
  'opentelemetry.proto.profiles.v1development.Link': 'ProfileLink',
};
const ids: Record<string, string> = { trace_id: 'id16', span_id: 'id8', parent_span_id: 'id8' };

test('the table has the messages that requests can contain, and no other', () => {
  assert.deepEqual(Object.keys(messages).sort(), Object.keys(descriptorMessages).map(tableName).sort());
});

for (const [fullName, fields] of Object.entries(descriptorMessages)) {
  const name = tableName(fullName);
  test(`${name} has the numbers, names, types, labels and oneofs of its descriptor`, () => {
    const table = messages[name]!.fields.map(([number, field, type]) => [number, field, type]);
    assert.deepEqual(
      table,
      fields.map((field) => [field[0], field[1], tableType(field)]),
    );
  });

  test(`${name} has the JSON names and enum names of its descriptor`, () => {
    for (const [number, field, jsonName, type] of fields) {
      const plan = messagePlan(name).byNumber[number]!;
      assert.equal(plan.jsonName, jsonName);
      const names = Object.entries(descriptorEnums[type] ?? {});
      assert.deepEqual(
        Object.entries(enumNames[`${name}.${field}`] ?? []),
        names.map(([value, valueNumber]) => [String(valueNumber), value]),
      );
    }
  });
}

function tableName(fullName: string): string {
  return renamed[fullName] ?? fullName.slice(fullName.lastIndexOf('.') + 1);
}

/** The descriptor's type in the notation of the table. */
function tableType([, name, , type, label, oneof]: DescriptorField): string {
  const base =
    type === 'bytes' && name in ids
      ? ids[name]!
      : type in descriptorEnums
        ? 'enum'
        : type in descriptorMessages
          ? tableName(type)
          : type;
  const marks: Record<string, string> = { one: '', optional: '?', repeated: '*' };
  return base + marks[label] + (oneof === '' ? '' : `|${oneof}`);
}
