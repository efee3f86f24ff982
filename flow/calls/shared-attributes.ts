/** What all calls of a connection have in common, as encoded attributes: its ends, its flow and the place where it was seen. */
import { type FlowIdentity, flowIdText } from '../identity.ts';
import { AttributeWriter, attributeKey } from '../otlp/attribute-writer.ts';
import type { SpanWriter } from '../otlp/span-writer.ts';

const keys = {
  clientAddress: attributeKey('client.address'),
  clientPort: attributeKey('client.port'),
  serverAddress: attributeKey('server.address'),
  serverPort: attributeKey('server.port'),
  peerAddress: attributeKey('network.peer.address'),
  peerPort: attributeKey('network.peer.port'),
  localAddress: attributeKey('network.local.address'),
  localPort: attributeKey('network.local.port'),
  transport: attributeKey('network.transport'),
  protocolName: attributeKey('network.protocol.name'),
  protocolVersion: attributeKey('network.protocol.version'),
  interfaceName: attributeKey('network.interface.name'),
  flowId: attributeKey('deepflow.flow.id'),
  observationPoint: attributeKey('deepflow.observation_point'),
  tunnel: attributeKey('deepflow.tunnel.type'),
  protocol: attributeKey('deepflow.protocol'),
  peerService: attributeKey('service.peer.name'),
  socketId: attributeKey('deepflow.socket.id'),
  tlsLibrary: attributeKey('deepflow.tls.library'),
};

/** Attributes that a session's calls have in common, encoded: of its ends, flow and place, and what its calls seldom change. */
export interface SharedAttributes {
  label: string;
  serverName: string;
  serverPort: number;
  protocolName: string;
  protocolVersion: string;
  peerService: string;
  encoded: Uint8Array;
}

export const nothingShared: SharedAttributes = {
  label: '',
  serverName: '',
  serverPort: -1,
  protocolName: '',
  protocolVersion: '',
  peerService: '',
  encoded: new Uint8Array(0),
};

/** Whether the next call has them too. */
export function isSame(shared: SharedAttributes, identity: FlowIdentity, span: SpanWriter, label: string): boolean {
  return (
    shared.label === label &&
    shared.serverName === span.serverName &&
    shared.serverPort === span.serverPort &&
    shared.protocolName === span.protocolName &&
    shared.protocolVersion === span.protocolVersion &&
    shared.peerService === (identity.socket?.peerService ?? '')
  );
}

/** Encodes them anew for this and the next calls. */
export function encodeShared(identity: FlowIdentity, span: SpanWriter, label: string): SharedAttributes {
  const { atServer, serverName, serverPort, protocolName, protocolVersion } = span;
  const attributes = new AttributeWriter(9);
  attributes.text(keys.serverAddress, serverName === '' ? identity.serverAddress : serverName);
  const port = serverPort === 0 ? identity.serverPort : serverPort;
  if (port !== 0) attributes.int(keys.serverPort, port);
  // Where the socket's own address is not the one that is written as the server's or the client's, it is written too.
  if (serverName !== '' && (serverName !== identity.serverAddress || port !== identity.serverPort)) {
    attributes.text(atServer ? keys.localAddress : keys.peerAddress, identity.serverAddress);
    if (port !== identity.serverPort && identity.serverPort !== 0)
      attributes.int(atServer ? keys.localPort : keys.peerPort, identity.serverPort);
  }
  attributes.text(keys.protocolName, protocolName);
  attributes.text(keys.protocolVersion, protocolVersion);
  attributes.text(keys.protocol, label);
  writeEnds(attributes, identity, atServer);
  const peerService = identity.socket?.peerService ?? '';
  attributes.text(keys.peerService, peerService);
  return { label, serverName, serverPort, protocolName, protocolVersion, peerService, encoded: attributes.out.take() };
}

/** As OpenTelemetry names it. */
function transportName({ transport, socket }: FlowIdentity): string {
  if (socket?.unixPair !== undefined) return 'unix';
  return transport === 'icmp' ? '' : transport;
}

function writeEnds(attributes: AttributeWriter, identity: FlowIdentity, atServer: boolean): void {
  const { clientAddress, clientPort, realClientAddress, realClientPort } = identity;
  attributes.text(keys.clientAddress, realClientAddress === '' ? clientAddress : realClientAddress);
  const port = realClientAddress === '' ? clientPort : realClientPort;
  if (port !== 0) attributes.int(keys.clientPort, port);
  if (realClientAddress !== '') {
    attributes.text(atServer ? keys.peerAddress : keys.localAddress, clientAddress);
    attributes.int(atServer ? keys.peerPort : keys.localPort, clientPort);
  }
  attributes.text(keys.transport, transportName(identity));
  attributes.text(keys.interfaceName, identity.interfaceName);
  attributes.text(keys.flowId, flowIdText(identity));
  attributes.text(keys.observationPoint, identity.observationPoint);
  attributes.text(keys.tunnel, identity.tunnel);
  if (identity.socket === null) return;
  attributes.text(keys.socketId, identity.socket.id);
  attributes.text(keys.tlsLibrary, identity.socket.tlsLibrary);
}
