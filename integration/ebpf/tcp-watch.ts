/** Watches all TCP connections of this host with the TCP program, and keeps the records that become of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createMap, openRing } from 'libbpfjs';
import { eventKind } from '../../bpf/programs/event.gen.ts';
import { EventReader } from '../../bpf/programs/event.ts';
import { openTcp, type TcpProgram } from '../../bpf/programs/tcp/tcp.ts';
import { AttributeWriter, attributeKey } from '../../flow/otlp/attribute-writer.ts';
import { MonotonicTime } from '../../receivers/ebpf/monotonic.ts';
import type { SocketEvent } from '../../receivers/ebpf/socket-event.ts';
import { readKernelNames } from '../../receivers/ebpf/tcp/kernel-names.ts';
import { TcpRecords } from '../../receivers/ebpf/tcp/records.ts';
import { type LogRecord, readLogs, tcpRecordBytes } from '../../receivers/ebpf/testing/tcp-events.ts';

export interface TcpWatch {
  readonly program: TcpProgram;
  /** Number of records that the ring had no room for. */
  lost(): number;
  /** Events of the connections that are open now. */
  open(take: (event: SocketEvent) => void): void;
  /** Records of connections that ended so far, without those of this process' own. */
  records(): LogRecord[];
  /** Waits until a record fits, for at most 5 s. */
  find(fits: (record: LogRecord['attributes']) => boolean): Promise<LogRecord>;
  close(): void;
}

const pollMs = 20;
const pidKey = attributeKey('process.pid');

export function watchTcp(): TcpWatch {
  const events = createMap({ type: 'ringbuf', name: 'events', keySize: 0, valueSize: 0, maxEntries: 1 << 22 });
  const ring = openRing(events);
  const program = openTcp({ events });
  const time = new MonotonicTime();
  const found: LogRecord[] = [];
  const open = (take: (event: SocketEvent) => void) => {
    const bytes = program.openConnections();
    if (bytes === undefined) return false;
    const reader = new EventReader(bytes);
    for (let at = 0; at + tcpRecordBytes <= bytes.length; at += tcpRecordBytes) {
      reader.at(at);
      take(reader);
    }
    return true;
  };
  const records = new TcpRecords({
    clock: time.clock,
    timeOf: (ns) => time.of(ns),
    hostName: 'host',
    version: '1',
    // Only ends are looked for here.
    intervalMs: 86_400_000,
    maxConnections: 10_000,
    maxPendingBytes: 1 << 24,
    names: readKernelNames(),
    processOf: (pid) => ({
      key: String(pid),
      serviceName: `pid ${pid}`,
      resource() {
        const writer = new AttributeWriter(1);
        writer.int(pidKey, pid);
        return writer.out.take();
      },
    }),
    isWanted: () => true,
    excludedPorts: new Set(),
    guessRole: () => 'server',
    conversationsOf: () => [],
    readOpen: open,
  });
  const reader = new EventReader(ring.data);

  function poll(): void {
    const count = ring.claim();
    for (let index = 0; index < count; index++) {
      reader.at(ring.offsets[index]!);
      if (reader.kind === eventKind.tcp) records.event(reader);
    }
    ring.release();
    records.tick(Number(process.hrtime.bigint()));
    found.push(...readLogs(records.drain()));
  }

  const timer = setInterval(poll, pollMs);
  poll();
  return {
    program,
    lost: () => program.lost(),
    open: (take) => void open(take),
    records: () => found,
    async find(fits) {
      for (let tries = 0; tries < 5000 / pollMs; tries++) {
        const record = found.find(({ attributes }) => fits(attributes));
        if (record !== undefined) return record;
        await sleep(pollMs);
      }
      throw new Error('no such connection was told in 5 s');
    },
    close() {
      clearInterval(timer);
      program.close();
      ring.close();
      events.close();
    },
  };
}
