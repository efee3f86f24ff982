/** A TLS handshake as a span: OpenTelemetry's attributes for TLS; the SNI becomes `server.address`. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Message } from '../message.ts';
import type { Certificate } from './certificate.ts';
import { cipherName } from './ciphers.ts';
import type { Handshake } from './handshake.ts';
import { groupName, versionText } from './numbers.ts';

const protocolName = attributeKey('tls.protocol.name');
const protocolVersion = attributeKey('tls.protocol.version');
const cipher = attributeKey('tls.cipher');
const curve = attributeKey('tls.curve');
const nextProtocol = attributeKey('tls.next_protocol');
const established = attributeKey('tls.established');
const resumed = attributeKey('tls.resumed');
const supportedCiphers = attributeKey('tls.client.supported_ciphers');
const offeredVersions = attributeKey('deepflow.tls.client.versions');
const offeredProtocols = attributeKey('deepflow.tls.client.protocols');
const retried = attributeKey('deepflow.tls.hello_retry');

export function describeTls(span: SpanWriter, request: Message | null, response: Message | null): void {
  span.name = 'TLS handshake';
  const version = response?.version || request?.version || '';
  const family = version === '3.0' ? 'ssl' : 'tls';
  span.protocolName = family;
  span.protocolVersion = version;
  const handshake = (request ?? response)!.detail as Handshake;
  const { client, server } = handshake;
  span.text(protocolName, family);
  span.text(protocolVersion, version);
  if (client !== null) {
    span.serverName = client.serverName;
    if (client.versions.length > 0) {
      span.texts(
        offeredVersions,
        client.versions.map(versionText).filter((text) => text !== ''),
      );
    }
    if (client.protocols.length > 0) span.texts(offeredProtocols, client.protocols);
    if (client.ciphers.length > 0) span.texts(supportedCiphers, client.ciphers.map(cipherName));
  }
  if (server !== null) {
    if (server.cipher >= 0) span.text(cipher, cipherName(server.cipher));
    span.text(nextProtocol, server.protocol);
    span.bool(resumed, handshake.resumed);
  }
  if (handshake.group >= 0) span.text(curve, groupName(handshake.group));
  if (handshake.retried) span.bool(retried, true);
  if (handshake.established !== null) span.bool(established, handshake.established);
  describeCertificate(span, handshake.serverCertificate, serverKeys);
  describeCertificate(span, handshake.clientCertificate, clientKeys);
  if (handshake.failure !== '') {
    const who = response?.status === 'client_error' ? 'client' : 'server';
    span.fail(handshake.failure, `the ${who} ended the handshake: ${handshake.failure}`);
  }
}

const serverKeys = certificateKeys('server');
const clientKeys = certificateKeys('client');

function certificateKeys(side: 'client' | 'server') {
  return {
    subject: attributeKey(`tls.${side}.subject`),
    issuer: attributeKey(`tls.${side}.issuer`),
    notBefore: attributeKey(`tls.${side}.not_before`),
    notAfter: attributeKey(`tls.${side}.not_after`),
    sha256: attributeKey(`tls.${side}.hash.sha256`),
    names: attributeKey(`deepflow.tls.${side}.alternative_names`),
  };
}

function describeCertificate(span: SpanWriter, certificate: Certificate | null, keys: typeof serverKeys): void {
  if (certificate === null) return;
  span.text(keys.subject, certificate.subject);
  span.text(keys.issuer, certificate.issuer);
  span.text(keys.notBefore, certificate.notBefore);
  span.text(keys.notAfter, certificate.notAfter);
  span.text(keys.sha256, certificate.sha256);
  if (certificate.alternativeNames.length > 0) span.texts(keys.names, certificate.alternativeNames);
}
