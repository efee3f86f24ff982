/** The options of the probes that read TLS libraries' plaintext and Go's goroutines. */
import { z } from 'zod';

export const probes = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Calls inside TLS connections are seen, where the library or runtime can be probed. A call costs the process 2 to 4 us more per read or write.',
      ),
    openssl: z.boolean().default(true).describe('OpenSSL, BoringSSL and LibreSSL, shared or inside an executable.'),
    gnutls: z.boolean().default(true).describe('GnuTLS.'),
    go: z.boolean().default(true).describe("Go's crypto/tls, also in stripped binaries."),
    go_http: z
      .boolean()
      .default(true)
      .describe(
        "Calls of Go's HTTP and gRPC, in and out, are told as those of the goroutine that answers or makes them, not of those that serve the connection; HTTP/2 connections that are older than the collector are read whole. Costs about 3 us a call, and 6 us more while such connections may be met.",
      ),
    asyncio: z
      .boolean()
      .default(true)
      .describe(
        "Calls of Python's asyncio are told with the task that answers or makes them. Costs 0.5 us each time that a task goes on, and 2 us each new task.",
      ),
    scope: z
      .enum(['file', 'process'])
      .default('file')
      .describe(
        '`file`: a library is probed once for all processes, those that start later included; `process`: for each process apart, which misses the first calls of new ones and takes longer to undo.',
      ),
  })
  .prefault({})
  .describe('What is read of encrypted connections, where the process that holds them encrypts and decrypts.');

export type ProbesConfig = z.output<typeof probes>;
