/** Capture of one host: programs in the kernel, the ring behind them, and what becomes of each kind of event. */
import { openRing } from 'libbpfjs';
import { eventConstants, eventKind } from '../../bpf/programs/event.gen.ts';
import type { EventReader } from '../../bpf/programs/event.ts';
import type { FromThread } from '../../component/capture/messages.ts';
import type { Finished } from '../../component/capture/outbox.ts';
import { createPace } from '../../component/capture/pace.ts';
import { protocolOptions } from '../../component/schemas/protocols.ts';
import { createCallAnalysis } from '../../flow/call-analysis.ts';
import { createIdentityCache } from '../../host/identity-cache.ts';
import { createListeningPorts, type ListeningPorts } from '../../host/listening-ports.ts';
import { listProcesses } from '../../host/processes.ts';
import { tellBegin } from './begin.ts';
import { createCounting } from './counting.ts';
import { startEventLoop } from './event-loop.ts';
import { createTellLost, createTellUnreadable, tellOnce } from './failures.ts';
import { FileRecords } from './files/records.ts';
import { tryOpenSockets } from './kernel-side.ts';
import type { CounterName, ThreadSetup } from './messages.ts';
import { MonotonicTime } from './monotonic.ts';
import { createOwnCalls } from './own-calls.ts';
import { Owners } from './owners.ts';
import { startProbes } from './probes/probes.ts';
import { ProcessRecords } from './processes/records.ts';
import { createRules } from './rules.ts';
import type { SocketEvent } from './socket-event.ts';
import type { Role } from './socket-flow.ts';
import { SocketTable } from './socket-table.ts';
import { TableWatch } from './table-watch.ts';
import { tryStartTcp } from './tcp/start.ts';
import { Work } from './work.ts';

/** Timeouts and counters are looked at this often, and as rarely as the ring when it rests. */
const tickMs = 100;
/** Processes that ended are forgotten this often: to look at all of them takes as long as a batch of events. */
const sweepMs = 2000;
/** A process that ended is still known for late events. */
const graceMs = 30_000;
const maxProcesses = 65_536;
/** Above this, what was finished is handed on at once. */
const drainBytes = 512 << 10;
/** No program writes a longer record: data is 16 KiB at most, and one in parts takes twice its room (bpf/programs/shared/emit.h). */
const maxRecordBytes = 64 << 10;
/** Records of connections that wait for the next drain, which is milliseconds away. */
const maxPendingBytes = 16 << 20;

export interface CaptureOptions {
  setup: ThreadSetup;
  counts: Record<CounterName, number>;
  put(finished: Finished): void;
  post(message: FromThread): void;
}

export interface Capture {
  /** Resolves when all is handed over. */
  stop(): Promise<void>;
}

/** Undefined when the kernel allows none of it; what is wrong has been told then. */
export function startCapture({ setup, counts, put, post }: CaptureOptions): Capture | undefined {
  const { config, hostName, version } = setup;
  const kernelSide = tryOpenSockets(setup, post);
  if (kernelSide === undefined) return undefined;
  const { program, errors } = kernelSide;
  const time = new MonotonicTime();
  const identities = createIdentityCache({ maxEntries: maxProcesses, graceMs });
  const rules = createRules(setup, program, createTellUnreadable(post));
  const tables = new TableWatch({
    ask: (socket, direction, seenNs) => program.askTable(socket, direction, seenNs),
    probe: (process) => probes.watchTables(process),
  });
  // Also without TLS: they find out where Go keeps its goroutines.
  const probes = startProbes({
    shared: program.shared,
    config: config.tls,
    isWanted: (process) => owners.of(process).isWanted && !rules.isIgnored(process),
    onGo: (process, place) => rules.setGo(process, place),
    onTables(process, probed) {
      tables.set(process, probed);
      if (probed) table.lookAgain(process);
    },
    onLog: (message, fields) => post({ type: 'log', level: 'info', message, fields }),
  });
  const owners = new Owners({
    identities,
    hostName,
    onProcess(identity, isOutside) {
      const isWanted = rules.judge(identity, isOutside);
      if (rules.isOver(identity.pid)) return isWanted;
      if (isWanted) probes.started(identity.pid);
      else probes.ended(identity.pid);
      return isWanted;
    },
  });
  const ports = createListeningPorts();
  const work = new Work();
  const isOwnCall = createOwnCalls(setup.ownAgents);
  const { analysis, calls } = createCallAnalysis({
    clock: time.clock,
    version,
    hostName,
    protocols: protocolOptions(config.protocols),
    isWanted: config.exclude_own_traffic ? (request) => !isOwnCall(request) : undefined,
    onFailure: tellOnce(post, 'A parser made a mistake: its connection is left alone; please report it'),
    onCall(_protocol, { identity }, request, response) {
      const asked = request?.evidence?.syscallTraceId ?? 0;
      if (asked > 0 && identity.observationPoint === 'c-p') work.goOn(asked, response?.evidence?.syscallTraceId ?? 0);
    },
  });
  const table = new SocketTable({
    analysis,
    timeOf: (ns) => time.of(ns),
    processOf: (pid, timeNs) => owners.of(pid, timeNs),
    guessRole: (event) => guessRole(ports, event),
    wish: (...wish) => rules.limit(...wish),
    maxSockets: config.max_connections,
    encrypted: (process) => probes.encrypted(process),
    work,
    tables,
  });
  const logs = { clock: time.clock, version, maxPendingBytes, timeOf: (ns: number) => time.of(ns) };
  const processes = new ProcessRecords(logs);
  const files = new FileRecords({
    ...logs,
    processOf: (pid, timeNs) => owners.of(pid, timeNs),
    callOf({ traceId }) {
      const found = work.find(traceId);
      return found === undefined ? undefined : calls.idsOf(found.session, found.request);
    },
  });
  const tcp = config.tcp.enabled
    ? tryStartTcp(
        program.map('events'),
        {
          clock: time.clock,
          timeOf: (ns) => time.of(ns),
          hostName,
          version,
          intervalMs: config.tcp.interval,
          maxConnections: config.max_connections,
          maxPendingBytes,
          processOf: (pid, timeNs) => owners.of(pid, timeNs),
          isWanted: (pid) => !rules.isIgnored(pid),
          excludedPorts: new Set(config.exclude_ports),
          guessRole: (event) => guessRole(ports, event),
          conversationsOf: (socket) => table.conversationsOf(socket),
        },
        post,
      )
    : undefined;
  const isTime = createPace();
  const tellLost = createTellLost(post, config.ring.size);
  const counting = createCounting(counts, { program, table, analysis, tcp, files, processes });

  function take(event: EventReader): void {
    counts.events++;
    counts.event_bytes += event.captured;
    switch (event.kind) {
      case eventKind.exec:
        exec(event);
        return;
      case eventKind.fork:
        rules.begin(event.pid);
        owners.fork(event.length, event.pid, event.timeNs);
        return;
      case eventKind.exit:
        exit(event);
        return;
      case eventKind.file:
        if (owners.of(event.pid, event.timeNs).isWanted) files.event(event);
        return;
      case eventKind.tcp:
        tcp?.records.event(event);
        return;
      default:
        if (event.kind !== eventKind.data) tcp?.records.event(event);
        table.take(event);
        if (calls.pendingBytes >= drainBytes) hand();
    }
  }

  function exec(event: EventReader): void {
    const { pid, timeNs, cgroup, flags } = event;
    const told = event.exec();
    rules.begin(pid);
    const owner = owners.exec(pid, timeNs, told, cgroup, (flags & eventConstants.EVENT_OUTSIDE) !== 0);
    if (config.processes.events && owner.isWanted) processes.exec({ timeNs }, told.path, owner);
  }

  function exit({ pid, timeNs, length }: EventReader): void {
    const owner = owners.lastKnown(pid);
    if (config.processes.events && owner?.isWanted && owner.isProcess) processes.exit({ timeNs, length }, owner);
    table.exit(pid, timeNs);
    owners.exit(pid, timeNs);
    rules.end(pid);
    probes.ended(pid);
  }

  /** Hands over what is finished, when it is time to. */
  function offer(): void {
    const waiting = calls.pendingBytes + files.pendingBytes + processes.pendingBytes;
    if (isTime(waiting + (tcp?.records.pendingBytes ?? 0))) hand();
  }

  function hand(): void {
    const done = {
      traces: [calls.take()].filter((message) => message !== null),
      logs: [tcp?.records.drain() ?? null, files.drain(), processes.drain()].filter((message) => message !== null),
    };
    if (done.traces.length + done.logs.length > 0) put(done);
  }

  let tickedMs = 0;
  let sweepNs = 0;
  function progress(): void {
    if (performance.now() - tickedMs >= tickMs) tick();
    offer();
  }

  function tick(): void {
    time.refresh(performance.now());
    const nowNs = Number(process.hrtime.bigint());
    table.tick(loop.readUntilNs);
    tcp?.records.tick(nowNs);
    analysis.tick(time.of(nowNs));
    if (nowNs >= sweepNs) {
      identities.sweep();
      sweepNs = nowNs + sweepMs * 1e6;
    }
    counting.update();
    tellLost(counts.lost_events);
    tickedMs = performance.now();
  }

  for (const pid of listProcesses()) owners.of(pid);
  const ring = openRing(program.map('events'), { maxRecordBytes });
  const tellEvent = tellOnce(post, 'An event cannot be read: it is left out; please report it');
  const loop = startEventLoop({
    ring,
    pollMs: config.ring.poll_interval,
    take,
    onFailure(error, kind) {
      counts.failed_events++;
      tellEvent(error, kind);
    },
    onProgress: progress,
  });
  tellBegin({ config, hook: program.hook, tcp: tcp !== undefined, errors }, post);
  return {
    async stop() {
      await probes.stop();
      program.detach();
      loop.stop();
      const endNs = Number(process.hrtime.bigint());
      // First: it asks the table for the calls of what is still open.
      tcp?.records.close(endNs);
      table.close(endNs);
      tick();
      hand();
      ring.close();
      tcp?.close();
      program.close();
    },
  };
}

function guessRole(ports: ListeningPorts, event: SocketEvent): Role {
  const transport = event.transport === 17 ? 'udp' : 'tcp';
  const known = ports.roleOf(event.netns, event.pid, transport, event.localPort);
  return known ?? (event.localPort > event.remotePort ? 'client' : 'server');
}
