/** protobufjs as a second reader of OTLP, with types made from the published descriptors. */
import protobuf from 'protobufjs';
import protojson from 'protobufjs/ext/protojson.js';
import { descriptorEnums, descriptorMessages } from '../../pdata/schema/descriptors.gen.ts';
import type { Json } from './json-value.ts';

// As generous as can be: what is too deep for the collector is the reference's to say.
protobuf.Reader.recursionLimit = 1000;
protobuf.util.recursionLimit = 1000;

/** Strings are bytes here, so that text that is not UTF-8 survives. */
const rawTypes = protobuf.parse(protoText('bytes')).root;
const types = protobuf.parse(protoText('string')).root;

/** The message read and written again. Throws when protobufjs refuses it. */
export function peerRewrite(fullName: string, bytes: Uint8Array): Uint8Array {
  const type = rawTypes.lookupType(typeName(fullName));
  return type.encode(type.decode(bytes)).finish();
}

/** The message as protobuf's JSON mapping has it: ids in base64, enums by name. Text must be UTF-8. */
export function peerToJson(fullName: string, bytes: Uint8Array): Json {
  const type = types.lookupType(typeName(fullName));
  return protojson.toJson(type, type.decode(bytes));
}

/** The message that protobuf's JSON mapping reads from `json`. */
export function peerFromJson(fullName: string, json: Json): Uint8Array {
  const type = types.lookupType(typeName(fullName));
  return type.encode(protojson.fromJson(type, json, { ignoreUnknownFields: true })).finish();
}

/** One .proto file of all messages, their full names written with underscores. */
function protoText(stringType: 'string' | 'bytes'): string {
  const lines = ['syntax = "proto3";'];
  for (const [name, values] of Object.entries(descriptorEnums)) {
    const body = Object.entries(values).map(([value, number]) => `${value} = ${number};`);
    lines.push(`enum ${typeName(name)} { ${body.join(' ')} }`);
  }
  for (const [name, fields] of Object.entries(descriptorMessages)) {
    const oneofs = new Map<string, string[]>();
    lines.push(`message ${typeName(name)} {`);
    for (const [number, field, , type, label, oneof] of fields) {
      const line = `${type === 'string' ? stringType : typeName(type)} ${field} = ${number};`;
      if (oneof === '') lines.push(label === 'one' ? line : `${label} ${line}`);
      else oneofs.set(oneof, [...(oneofs.get(oneof) ?? []), line]);
    }
    for (const [oneof, variants] of oneofs) lines.push(`oneof ${oneof} { ${variants.join(' ')} }`);
    lines.push('}');
  }
  return lines.join('\n');
}

function typeName(fullName: string): string {
  return fullName.replaceAll('.', '_');
}
