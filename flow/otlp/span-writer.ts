/** The span of one call while it is being written: its name, kind and status, and its attributes already in OTLP bytes. */
import { type AttributeKey, AttributeWriter, attributeKey } from './attribute-writer.ts';

/** OTLP SpanKind numbers. */
export const spanKinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
export type SpanKind = (typeof spanKinds)[keyof typeof spanKinds];

const errorType = attributeKey('error.type');

/** Handed to a protocol's `describe`; one object per analyser, filled anew for every call. */
export class SpanWriter {
  /** Low-cardinality name by the protocol's semantic convention. */
  name = '';
  /** Server, or client when it was seen at the client's side; messaging protocols set producer or consumer. */
  kind: SpanKind = spanKinds.server;
  /** The server's name when the protocol tells one (HTTP Host, SNI), and its port; else the socket's address is written. */
  serverName = '';
  serverPort = 0;
  /** `network.protocol.name` and `.version`. */
  protocolName = '';
  protocolVersion = '';
  failed = false;
  /** Text of the failure, for the span's status. */
  statusMessage = '';
  /** Whether the call was seen at the server (or in between) rather than at the client. */
  atServer = true;
  readonly attributes = new AttributeWriter(9);

  reset(atServer: boolean): void {
    this.name = '';
    this.kind = atServer ? spanKinds.server : spanKinds.client;
    this.serverName = '';
    this.serverPort = 0;
    this.protocolName = '';
    this.protocolVersion = '';
    this.failed = false;
    this.statusMessage = '';
    this.atServer = atServer;
    this.attributes.clear();
  }

  text(key: AttributeKey, value: string): void {
    this.attributes.text(key, value);
  }

  int(key: AttributeKey, value: number): void {
    this.attributes.int(key, value);
  }

  double(key: AttributeKey, value: number): void {
    this.attributes.double(key, value);
  }

  bool(key: AttributeKey, value: boolean): void {
    this.attributes.bool(key, value);
  }

  texts(key: AttributeKey, values: readonly string[]): void {
    this.attributes.texts(key, values);
  }

  /** The call failed: `error.type` (low cardinality) and status error. Conventions say when: an HTTP 4xx is one to the client only. */
  fail(type: string, message = ''): void {
    this.failed = true;
    this.statusMessage = message;
    this.attributes.text(errorType, type);
  }
}
