/** What tshark reads in a capture: the innermost packet of each frame, in the fields that the decoder has. */
import { spawnSync } from 'node:child_process';

export interface TsharkPacket {
  frame: number;
  /** Dissectors from the outside in. */
  protocols: readonly string[];
  fields: Readonly<Record<string, string>>;
}

const names = [
  'frame.number',
  'frame.protocols',
  'ip.src',
  'ip.dst',
  'ip.ttl',
  'ip.proto',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.hlim',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.seq_raw',
  'tcp.ack_raw',
  'tcp.flags',
  'tcp.window_size_value',
  'tcp.len',
  'tcp.options.mss_val',
  'tcp.options.wscale.shift',
  'udp.srcport',
  'udp.dstport',
  'udp.length',
  'icmp.type',
  'icmp.code',
  'icmp.ident',
  'icmp.seq',
  'icmpv6.type',
  'icmpv6.code',
  'icmpv6.echo.identifier',
  'icmpv6.echo.sequence_number',
  'sctp.srcport',
  'sctp.dstport',
] as const;

/** Ports of tunnels that tshark has no dissector at, or another one. */
const decodeAs = ['udp.port==58678,vxlan', 'udp.port==8472,vxlan'];
const settings = ['tcp.relative_sequence_numbers:FALSE', 'ip.defragment:TRUE', 'ipv6.defragment:TRUE'];

export function hasTshark(): boolean {
  return spawnSync('tshark', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Of a field that several layers have, the last value is taken. */
export function readWithTshark(path: string): TsharkPacket[] {
  const args = ['-n', '-r', path, '-T', 'fields', '-E', 'occurrence=l', '-E', 'separator=/t'];
  for (const rule of decodeAs) args.push('-d', rule);
  for (const setting of settings) args.push('-o', setting);
  for (const name of names) args.push('-e', name);
  const { stdout, stderr, status } = spawnSync('tshark', args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`tshark ${path}: ${stderr.slice(0, 500)}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const values = line.split('\t');
      const fields = Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
      return { frame: Number(fields['frame.number']), protocols: fields['frame.protocols']!.split(':'), fields };
    });
}
