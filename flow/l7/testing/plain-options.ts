/** Options for tests and measurements: everything on, nothing extra, texts as they are. */
import type { ProtocolOptions } from '../options.ts';

export const plainOptions: ProtocolOptions = {
  enabled: null,
  ports: {},
  traceHeaders: [],
  capturedHeaders: [],
  obfuscate: true,
  maxText: 65536,
  timeouts: {},
};
