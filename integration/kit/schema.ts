/** An OTLP encoder and decoder that share no code with the collector's: protobufjs over the table of messages. */
import protobuf from 'protobufjs';
import type { Signal } from '../../pdata/batch.ts';
import { type Message, messages } from '../../pdata/schema/otlp.ts';

/** 64-bit numbers as decimal text, bytes as base64, fields of the zero value and absent fields left out. */
export type Plain = Record<string, unknown>;

const requests: Record<Signal, string> = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
  profiles: 'ExportProfilesServiceRequest',
};

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(Object.entries(messages).map(([name, message]) => [name, descriptor(message)])),
});

/** Decodes a request; throws when it holds a field that the table does not know, so that none is compared away. */
export function decode(signal: Signal, bytes: Uint8Array): Plain {
  const type = root.lookupType(requests[signal]);
  const message = type.decode(bytes);
  refuseUnknown(message, requests[signal]);
  return type.toObject(message, { longs: String, bytes: String }) as Plain;
}

/** Encodes a request from what {@link decode} gives. */
export function encode(signal: Signal, request: Plain): Uint8Array {
  const type = root.lookupType(requests[signal]);
  return type.encode(type.fromObject(request)).finish();
}

function descriptor(message: Message): protobuf.IType {
  const fields: Record<string, protobuf.IField> = {};
  const oneofs: Record<string, protobuf.IOneOf> = {};
  for (const [id, name, written] of message.fields) {
    const [, base = '', mark, oneof] = /^(\w+)([*?])?(?:\|(\w+))?$/.exec(written)!;
    const type = /^id\d+$/.test(base) ? 'bytes' : base === 'enum' ? 'int32' : base;
    const group = mark === '?' ? `_${name}` : oneof;
    fields[name] = mark === '*' ? { type, id, rule: 'repeated' } : { type, id };
    if (mark === '?') fields[name].options = { proto3_optional: true };
    if (group === undefined) continue;
    oneofs[group] ??= { oneof: [] };
    oneofs[group].oneof.push(name);
  }
  return { edition: 'proto3', fields, oneofs } as protobuf.IType;
}

function refuseUnknown(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  const { $unknowns } = value as { $unknowns?: Uint8Array[] };
  if ($unknowns !== undefined && $unknowns.length > 0) {
    throw new Error(
      `${path} holds a field that pdata/schema/otlp.ts does not list: ${Buffer.from($unknowns[0]!).toString('hex')}`,
    );
  }
  for (const [key, child] of Object.entries(value)) {
    if (Array.isArray(child)) for (const item of child) refuseUnknown(item, `${path}.${key}`);
    else refuseUnknown(child, `${path}.${key}`);
  }
}
