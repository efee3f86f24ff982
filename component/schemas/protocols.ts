/** Options of reading calls out of connections, the same for every receiver that does it. */
import { z } from 'zod';
import { suggestion } from '../suggest.ts';
import { duration } from './duration.ts';

/** `names` are those of the protocols there are. */
export function protocols(names: readonly string[]) {
  const unknown = (name: unknown) => `unknown protocol "${name}"${suggestion(String(name), names)}`;
  const byName = <T extends z.ZodType>(value: T) =>
    z.record(z.string(), value).superRefine((record, context) => {
      for (const name of Object.keys(record)) {
        if (!names.includes(name)) context.addIssue({ code: 'custom', path: [name], message: unknown(name) });
      }
    });
  return z
    .strictObject({
      enabled: z
        .array(z.enum(names, { error: ({ input }) => unknown(input) }))
        .min(1)
        .optional()
        .describe(
          'Names of the protocols that are looked for; all of them without this. Fewer cost less on traffic that is none of them.',
        ),
      ports: byName(z.array(z.int().min(1).max(65535)))
        .default({})
        .describe('Further server ports by protocol name, tried first on these ports: `{ http1: [8000, 8888] }`.'),
      timeouts: byName(duration())
        .default({})
        .describe(
          'How long a request waits for its answer, by protocol name, before it counts as unanswered: `{ mysql: 10m }`.',
        ),
      trace_headers: z
        .array(z.string().transform((name) => name.toLowerCase()))
        .default([])
        .describe(
          'Further headers that hold a trace id, beside traceparent, b3, sw8, uber-trace-id and the other known ones.',
        ),
      captured_headers: z
        .array(z.string().transform((name) => name.toLowerCase()))
        .default([])
        .describe(
          'Headers whose values become attributes (http.request.header.NAME). They are kept as they are: name none that holds secrets.',
        ),
      obfuscate: z
        .boolean()
        .default(true)
        .describe(
          'Literals in SQL, arguments of Redis and Memcached and the like become `?`. Off, personal data may reach the store.',
        ),
      max_text: z
        .int()
        .min(16)
        .max(1 << 20)
        .default(4096)
        .describe('Longer statements, paths and error texts are cut to this many characters.'),
    })
    .prefault({})
    .describe('How calls are read out of connections.');
}

/** The options as the analysis of calls takes them (`ProtocolOptions` of flow/l7). */
export function protocolOptions(config: z.output<ReturnType<typeof protocols>>) {
  const { enabled, ports, trace_headers, captured_headers, obfuscate, max_text } = config;
  const seconds = Object.entries(config.timeouts).map(([name, ms]) => [name, ms / 1000] as const);
  return {
    enabled: enabled === undefined ? null : new Set(enabled),
    ports,
    traceHeaders: trace_headers,
    capturedHeaders: captured_headers,
    obfuscate,
    maxText: max_text,
    timeouts: Object.fromEntries(seconds),
  };
}
