/** What is known of one handshake: filled by the parser from both sides, told by `describe`. */
import type { Certificate } from './certificate.ts';
import type { ClientHello, ServerHello } from './hello.ts';

export class Handshake {
  client: ClientHello | null = null;
  /** The answer that counts: not a HelloRetryRequest. */
  server: ServerHello | null = null;
  retried = false;
  resumed = false;
  /** null while it is not known how it ended. */
  established: boolean | null = null;
  /** Named group of the key exchange; -1 when it is not known. */
  group = -1;
  serverCertificate: Certificate | null = null;
  clientCertificate: Certificate | null = null;
  /** How it failed: an alert's name, `encrypted_alert`, `closed`; empty when it did not. */
  failure = '';
}
