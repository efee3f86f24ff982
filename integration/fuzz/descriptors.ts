/** OTLP's messages as the published descriptors state them, by number: what the reference reader and the grammar use. */
import { type DescriptorField, descriptorEnums, descriptorMessages } from '../../pdata/schema/descriptors.gen.ts';

export type Kind = 'message' | 'string' | 'bytes' | 'varint' | 'fixed64' | 'fixed32';

export interface FieldFacts {
  number: number;
  name: string;
  kind: Kind;
  /** Descriptor type: a scalar, `enum`, or a full message name. */
  type: string;
  repeated: boolean;
  /** A repeated number. */
  packable: boolean;
  /** Set apart from zero: message, optional, or in a oneof. */
  presence: boolean;
  oneof: string;
  /** Length of a trace or span id, else 0. */
  idLength: number;
  message: MessageFacts | undefined;
}

export interface MessageFacts {
  /** Last part of the full name. */
  name: string;
  fields: FieldFacts[];
  byNumber: (FieldFacts | undefined)[];
}

/** Request messages by signal. */
export const requests = {
  traces: 'opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest',
  metrics: 'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest',
  logs: 'opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest',
  profiles: 'opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest',
} as const;

const known = new Map<string, MessageFacts>();

export function messageFacts(fullName: string): MessageFacts {
  let message = known.get(fullName);
  if (message === undefined) {
    message = { name: fullName.slice(fullName.lastIndexOf('.') + 1), fields: [], byNumber: [] };
    known.set(fullName, message);
    for (const row of descriptorMessages[fullName]!) {
      const field = fieldFacts(row);
      message.fields.push(field);
      message.byNumber[field.number] = field;
    }
  }
  return message;
}

function fieldFacts([number, name, , type, label, oneof]: DescriptorField): FieldFacts {
  const scalar = type in descriptorEnums ? 'enum' : type;
  const message = type in descriptorMessages ? messageFacts(type) : undefined;
  const kind = message === undefined ? kindOf(scalar) : 'message';
  const repeated = label === 'repeated';
  return {
    number,
    name,
    kind,
    type: scalar,
    repeated,
    packable: repeated && (kind === 'varint' || kind === 'fixed64' || kind === 'fixed32'),
    presence: message !== undefined || label === 'optional' || oneof !== '',
    oneof,
    idLength: name === 'trace_id' ? 16 : name.endsWith('span_id') ? 8 : 0,
    message,
  };
}

function kindOf(scalar: string): Kind {
  if (scalar === 'string' || scalar === 'bytes') return scalar;
  if (scalar === 'fixed64' || scalar === 'sfixed64' || scalar === 'double') return 'fixed64';
  if (scalar === 'fixed32' || scalar === 'sfixed32' || scalar === 'float') return 'fixed32';
  return 'varint';
}

export function wireTypeOf(field: FieldFacts): number {
  return { message: 2, string: 2, bytes: 2, varint: 0, fixed64: 1, fixed32: 5 }[field.kind];
}
