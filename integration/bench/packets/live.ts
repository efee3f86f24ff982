/**
 * What live capture costs: packets on loopback through ring and decoder, in CPU time a packet, drops, and CPU while nothing comes.
 * `node integration/bench/packets/live.ts [seconds]`, as root or with CAP_NET_RAW.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPacketRing, type PacketRing } from '../../../bpf/packet-ring/ring.ts';
import { PacketDecoder } from '../../../flow/packet/decode.ts';
import { Packet } from '../../../flow/packet/packet.ts';

/** Two senders, since a sender costs more than the capture. Each writes small datagrams to a port where nobody has to listen. */
const senders = 2;
const sender = `
  const socket = process.getBuiltinModule('node:dgram').createSocket({ type: 'udp4', sendBufferSize: 1 << 20 });
  const payload = Buffer.alloc(100, 'x');
  const [port, endMs] = [Number(process.argv[1]), Date.now() + Number(process.argv[2])];
  socket.connect(port, '127.0.0.1', function some() {
    if (Date.now() > endMs) return socket.close();
    for (let i = 0; i < 63; i++) socket.send(payload);
    socket.send(payload, () => setImmediate(some));
  });
  socket.on('error', () => {});`;

export interface LiveFigures {
  packets: number;
  packetsPerSecond: number;
  drops: number;
  /** CPU of this process: ring, headers, and nothing else. */
  cpuNsPerPacket: number;
  /** Share of one core while no packet passes the filter. */
  idleCpuPercent: number;
}

export async function measureLiveCapture(seconds: number): Promise<LiveFigures> {
  const sink = await openSink();
  const { port } = sink;
  const packet = new Packet();
  const decoder = new PacketDecoder();
  let packets = 0;
  const ring: PacketRing = openPacketRing(
    {
      interface: 'lo',
      blockSize: 1 << 20,
      blocks: 32,
      retireMs: 20,
      promiscuous: false,
      ignoreOutgoing: true,
      filter: `udp dst port ${port}`,
      snapLength: 262_144,
      epochSeconds: Math.floor(Date.now() / 1000),
    },
    () => {
      while (ring.next(packet)) if (decoder.decode(packet, ring.linkType)) packets++;
    },
  );
  try {
    const idle = await cpuOf(() => sleep(seconds * 1000));
    // The first second warms the code up.
    const children = Array.from({ length: senders }, () =>
      spawn(process.execPath, ['-e', sender, String(port), String((seconds + 2) * 1000)], { stdio: 'ignore' }),
    );
    const ends = children.map((child) => once(child, 'close'));
    await sleep(1500);
    const before = packets;
    ring.statistics();
    const busy = await cpuOf(() => sleep(seconds * 1000));
    const counted = packets - before;
    const { drops } = ring.statistics();
    await Promise.all(ends);
    return {
      packets: counted,
      packetsPerSecond: counted / busy.seconds,
      drops,
      cpuNsPerPacket: (busy.cpuSeconds * 1e9) / counted,
      idleCpuPercent: (100 * idle.cpuSeconds) / idle.seconds,
    };
  } finally {
    ring.close();
    sink.close();
  }
}

/**
 * A socket that takes the datagrams keeps ICMP errors away. It belongs to a child that sleeps, so that reading is not in the figures
 * of this process: what its buffer cannot hold the kernel throws away, behind the capture.
 */
async function openSink(): Promise<{ port: number; close(): void }> {
  const program = `
    const socket = process.getBuiltinModule('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 4096 });
    socket.bind(0, '127.0.0.1', () => {
      process.stdout.write(String(socket.address().port), () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
    });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(child.stdout, 'data');
  return { port: Number(port), close: () => child.kill('SIGKILL') };
}

async function cpuOf(work: () => Promise<unknown>): Promise<{ seconds: number; cpuSeconds: number }> {
  const [startMs, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - startMs) / 1000, cpuSeconds: (user + system) / 1e6 };
}

if (import.meta.main) {
  const figures = await measureLiveCapture(Number(process.argv[2] ?? 10));
  const { packets, packetsPerSecond, drops, cpuNsPerPacket, idleCpuPercent } = figures;
  process.stdout.write(
    [
      `live capture: ${packets} packets, ${Math.round(packetsPerSecond)} a second, ${drops} drops`,
      `cpu: ${cpuNsPerPacket.toFixed(0)} ns a packet for ring and headers; idle ${idleCpuPercent.toFixed(2)} %`,
      `rate live-capture: ${Math.round(1e9 / cpuNsPerPacket)}`,
      '',
    ].join('\n'),
  );
}
