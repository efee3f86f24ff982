/** The forms in which the peer of a gRPC exporter may be written. */
import { parseHostPort } from '../../wire/listen.ts';

export type Endpoint = ({ kind: 'tcp'; host: string; port: number } | { kind: 'unix'; path: string }) & {
  /** As it stands in `:authority`. */
  authority: string;
  /** `https://` asks for TLS whatever the `tls` block says; `http://` leaves it to that block, as upstream. */
  https: boolean;
};

/** Undefined when the text is none of them. A missing host is this machine. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const unix = /^unix:(?:\/\/)?(.+)$/.exec(text);
  if (unix) return { kind: 'unix', path: unix[1]!, authority: 'localhost', https: false };
  const match = /^(?:(https?|passthrough|dns):\/\/(?:[^/]*\/(?=.))?)?([^/]+)\/?$/.exec(text);
  if (!match) return undefined;
  const https = match[1] === 'https';
  const at = parseHostPort(match[2]!) ?? (match[1] ? parseHostPort(`${match[2]}:${https ? 443 : 80}`) : undefined);
  if (!at) return undefined;
  const host = at.host || 'localhost';
  const authority = `${host.includes(':') ? `[${host}]` : host}:${at.port}`;
  return { kind: 'tcp', host, port: at.port, authority, https };
}
