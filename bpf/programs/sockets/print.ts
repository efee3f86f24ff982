/** For developers, as root: `node bpf/programs/sockets/print.ts [PID …]` prints what the program tells of these processes, or of all. */
import { openRing } from 'libbpfjs';
import { eventConstants, eventKind, eventRole, event as layout } from '../event.gen.ts';
import { EventReader } from '../event.ts';
import { openSockets } from './sockets.ts';

const pids = process.argv.slice(2).map(Number);
const program = openSockets({
  ringBytes: 1 << 24,
  traceByDefault: pids.length === 0,
  unixSockets: true,
  files: { mode: 'all', minLatencyNs: 1e6 },
});
for (const pid of pids) program.setProcess(pid, { trace: 'yes' });
const ring = openRing(program.map('events'));
const reader = new EventReader(ring.data);
const nameOf = (names: object, value: number) => Object.entries(names).find(([, number]) => number === value)?.[0];

function address(at: number): string {
  const bytes = reader.bytes.subarray(at, at + 16);
  if (reader.flags & eventConstants.EVENT_UNIX) return Buffer.from(bytes.subarray(0, 6)).reverse().toString('hex');
  if (reader.family === 4) return bytes.subarray(0, 4).join('.');
  return `[${Buffer.from(bytes).toString('hex').match(/..../g)!.join(':')}]`;
}

function describe(): string {
  const { kind, pid, tid, length } = reader;
  const begin = `${(reader.timeNs / 1e9).toFixed(6)} ${pid}/${tid} ${nameOf(eventKind, kind)}`;
  const durationUs = ((reader.timeNs - reader.beginNs) / 1e3).toFixed(0);
  switch (kind) {
    case eventKind.exec:
      return `${begin} ${reader.exec().path}`;
    case eventKind.exit:
      return `${begin} ${length >> 8}`;
    case eventKind.file:
      return `${begin} ${reader.direction ? 'write' : 'read'} ${length} ${reader.file().path} ${durationUs} us`;
    default: {
      const ends = `${address(reader.localAt)}:${reader.localPort} ${address(reader.remoteAt)}:${reader.remotePort}`;
      const who = `${reader.socket.toString(16)} ${nameOf(eventRole, reader.role)} ${reader.transport} ${ends}`;
      const moved = `${reader.direction ? 'out' : 'in'} ${length} @${reader.sequence} trace ${reader.traceId}`;
      const text = Buffer.from(reader.payload().subarray(0, 60))
        .toString('latin1')
        .replace(/[^ -~]/g, '.');
      return `${begin} ${who} ${moved} call ${reader.syscall} ${durationUs} us ${text}`;
    }
  }
}

const timer = setInterval(() => {
  for (let count = ring.claim(); count > 0; count = ring.claim()) {
    for (let i = 0; i < count; i++) {
      if (ring.lengths[i]! < layout.size) continue;
      reader.at(ring.offsets[i]!);
      console.log(describe());
    }
    ring.release();
  }
}, 20);

process.on('SIGINT', () => {
  clearInterval(timer);
  console.error(program.hook, program.counters());
  program.close();
  ring.close();
});
