/** The options of the ebpf receiver. */
import { z } from 'zod';
import { duration } from '../../component/schemas/duration.ts';
import { protocols } from '../../component/schemas/protocols.ts';
import { size } from '../../component/schemas/size.ts';
import { protocolNames } from '../../flow/l7/names.ts';
import { probes } from './probes/config.ts';

const powerOfTwo = (bytes: number): boolean => bytes > 0 && Number.isInteger(Math.log2(bytes));

const processes = z
  .strictObject({
    include: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Only processes whose executable path matches one of these patterns (`*` and `**`) are traced; all without this.',
      ),
    exclude: z
      .array(z.string().min(1))
      .default([])
      .describe('Processes whose executable path matches one of these patterns are left alone: `/usr/sbin/sshd`.'),
    cgroups: z
      .array(z.string().min(1))
      .default([])
      .describe('Only processes of these cgroups (paths under /sys/fs/cgroup) are traced; all without this.'),
    events: z.boolean().default(true).describe('Start and end of each process are told as logs (`deepflow.process`).'),
  })
  .prefault({})
  .describe('Which processes are traced. What is left out costs about 0.2 us a system call.');

const files = z
  .strictObject({
    mode: z
      .enum(['off', 'calls', 'all'])
      .default('calls')
      .describe(
        '`calls`: reads and writes of files while the thread works on a call; `all`: all of them; `off`: none.',
      ),
    min_latency: duration('1ms').describe(
      'Only reads and writes that took at least this long are told. Lower, there are more logs and each costs about 5 us.',
    ),
  })
  .prefault({})
  .describe('Slow reads and writes of files as logs (`deepflow.file_io`), linked to the call they happened in.');

const tcp = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Counters that the kernel keeps of each TCP connection are read.'),
    interval: duration('60s')
      .refine((ms) => ms >= 1000, { message: 'must be at least 1s' })
      .describe('An open connection is told this often, and at its end.'),
  })
  .prefault({})
  .describe('A record of each TCP connection with round-trip time, retransmissions, resets, drops (`deepflow.flow`).');

const ring = z
  .strictObject({
    size: size('16MiB')
      .refine((bytes) => bytes >= 1 << 18 && bytes <= 1 << 30 && powerOfTwo(bytes), {
        message: 'must be a power of two between 256KiB and 1GiB',
      })
      .describe(
        'Memory between the kernel and the collector, one for all CPUs. Larger bridges longer bursts; what does not fit is lost and counted.',
      ),
    poll_interval: duration('50ms')
      .refine((ms) => ms >= 1 && ms <= 1000, { message: 'must be between 1ms and 1s' })
      .describe('How often the ring is emptied. Lower, calls are seen sooner and an idle host costs more.'),
  })
  .prefault({})
  .describe('The ring between the kernel and the collector.');

export const config = z.strictObject({
  processes,
  exclude_ports: z
    .array(z.int().min(1).max(65535))
    .default([])
    .describe('Connections with one of these ports at either end are left out, in the kernel.'),
  unix_sockets: z
    .boolean()
    .default(false)
    .describe(
      'Calls over Unix stream sockets that have a path are told too: of a web server to PHP, of programs to a database on the same host. Costs as much as calls over TCP, also for desktop and system services that talk so.',
    ),
  exclude_own_traffic: z
    .boolean()
    .default(true)
    .describe(
      'The collector, the processes it starts, and calls with which any such collector sends its data (told by their user agent) are left out, so that sending data makes no new data.',
    ),
  payload_limit: size('16KiB')
    .refine((bytes) => bytes >= 256 && bytes <= 16_384, { message: 'must be between 256B and 16KiB' })
    .describe(
      'So much of what one system call moves is looked at, for protocols that put many messages into one. Lower costs less; longer pipelines lose calls.',
    ),
  max_connections: z
    .int()
    .min(16)
    .max(1 << 22)
    .default(65_536)
    .describe('Connections that are followed at once; beyond it the oldest is given up. About 2 KiB each.'),
  ring,
  tls: probes,
  files,
  tcp,
  protocols: protocols(protocolNames),
  max_bytes_in_flight: size('64MiB').describe(
    'Finished spans and records that the pipeline has not taken yet take at most this much. Beyond it the oldest are dropped and counted.',
  ),
});

export type Config = z.output<typeof config>;
