/** The options of the cbpf receiver. */
import { z } from 'zod';
import { duration } from '../../component/schemas/duration.ts';
import { protocols } from '../../component/schemas/protocols.ts';
import { size } from '../../component/schemas/size.ts';
import { protocolNames } from '../../flow/l7/names.ts';

const pattern = () =>
  z.string().transform((text, context) => {
    try {
      return new RegExp(text);
    } catch (error) {
      context.issues.push({ code: 'custom', input: text, message: (error as Error).message });
      return z.NEVER;
    }
  });

const ring = z
  .strictObject({
    block_size: size('1MiB')
      .refine((bytes) => bytes >= 4096 && bytes <= 64 << 20 && bytes % 4096 === 0, {
        message: 'must be a multiple of 4KiB between 4KiB and 64MiB',
      })
      .describe('The kernel hands over packets in blocks of this size. Larger blocks wake the collector less often.'),
    blocks: z
      .int()
      .min(2)
      .max(4096)
      .default(16)
      .describe(
        'Blocks of the ring of one interface. More of them bridge longer pauses without loss; all of it is memory of the kernel.',
      ),
    retire: duration('20ms')
      .refine((ms) => ms >= 1 && ms <= 10_000, { message: 'must be between 1ms and 10s' })
      .describe(
        'A block that is not full is handed over after this time. Lower, calls are seen sooner and idle links cost more.',
      ),
    max_memory: size('256MiB').describe(
      'Rings of all interfaces together may take this much; interfaces beyond it are left out, which is logged.',
    ),
  })
  .prefault({})
  .describe('The ring between the kernel and the collector, one for each interface.');

const flow = z
  .strictObject({
    max_flows: z
      .int()
      .min(16)
      .max(1 << 24)
      .default(262_144)
      .describe(
        'Connections that are followed at once; beyond it the one that is idle longest is closed. About 1 KiB each.',
      ),
    listening_ports: z
      .array(z.int().min(1).max(65535))
      .default([])
      .describe('Ports of servers here. They tell client from server where no connection was seen to open.'),
    reassembly_memory: size('256MiB').describe(
      'Segments that wait for missing ones take at most this much; beyond it what is missing counts as lost.',
    ),
    tcp_timeout: duration('300s').describe(
      'An open TCP connection without packets is closed after this time; later packets begin a new flow.',
    ),
    udp_timeout: duration('60s').describe('The same for UDP conversations.'),
  })
  .prefault({})
  .describe('How connections are followed.');

const deduplicate = z
  .strictObject({
    window: duration('10ms')
      .refine((ms) => ms <= 1000, { message: 'must be at most 1s' })
      .describe(
        'A packet that is seen again at the same interface within this time, as mirror ports do it, is dropped and counted. 0s keeps all.',
      ),
  })
  .prefault({})
  .describe('Removal of packets that were captured twice.');

const pcap = z
  .strictObject({
    directory: z
      .string()
      .min(1)
      .describe(
        'Packets are kept here as pcapng files for /api/v1/pcap; give the query extension the same directory. They hold what was sent in plain text.',
      ),
    max_size: size('1GiB').describe('The files take at most this much; the oldest go first.'),
    per_flow: size('64KiB').describe('Of each connection and direction, so much is kept from the beginning on.'),
  })
  .describe('Keeps packets on disk, to be fetched by flow, address and time.');

export const config = z.strictObject({
  interfaces: pattern()
    .optional()
    .describe(
      'Regular expression of the interfaces to listen on; new ones are found by themselves. Without it: loopback and the usual names of network cards, and none when `files` are given. Bridges and veth pairs show what others show too.',
    ),
  network_namespaces: pattern()
    .optional()
    .describe(
      'Regular expression of further network namespaces: by their name under /run/netns, or the name of their first process. Needs CAP_SYS_ADMIN.',
    ),
  rescan_interval: duration('5s')
    .refine((ms) => ms >= 10, { message: 'must be at least 10ms' })
    .describe(
      'How often new interfaces and namespaces are looked for. With network_namespaces it costs about 10 us a process.',
    ),
  filter: z
    .string()
    .default('')
    .describe(
      'Only packets that pass are looked at, in the language of tcpdump: `tcp port 80`. The kernel filters, so what is left out costs nothing. Needs libpcap.',
    ),
  snaplen: z
    .int()
    .min(64)
    .max(262_144)
    .default(262_144)
    .describe('Longer packets are cut to this. Short ones save memory of the ring, but calls need their payload.'),
  ring,
  fanout: z
    .boolean()
    .default(true)
    .describe('With several pipeline workers, each connection goes to one of them. Off, worker 0 captures everything.'),
  promiscuous: z.boolean().default(false).describe('Packets to other hosts are seen as well, as mirror ports need it.'),
  observation_point: z
    .string()
    .default('')
    .describe(
      'Where on the way the interfaces are (`c`, `s`, `rest` …); empty: `local` on loopback; elsewhere told from the addresses of this host: `c` at the client, `s` at the server, `rest` in between.',
    ),
  exclude_own_traffic: z
    .boolean()
    .default(true)
    .describe('The connections of the collector itself are left out, so that sending data makes no new data.'),
  files: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Capture files (pcap, pcapng, .gz and .zst of them), with * and **, read once in the order of their names.',
    ),
  as_fast_as_possible: z
    .boolean()
    .default(true)
    .describe('Files are read as fast as the pipeline takes the data; off, at the speed at which they were captured.'),
  deduplicate,
  pcap: pcap.optional(),
  protocols: protocols(protocolNames),
  flow,
  max_bytes_in_flight: size('64MiB').describe(
    'Finished spans and records that the pipeline has not taken yet take at most this much. Beyond it live capture drops the oldest and counts them; reading files waits.',
  ),
});

export type Config = z.output<typeof config>;

/** What `interfaces` is when only live capture can be meant. */
export const usualInterfaces = /^(lo|(eth|en|ib|wl|ww|bond|tun|wg|venet)[^.]*)$/;
