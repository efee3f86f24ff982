/** Who a process is, as the attributes of a resource: OpenTelemetry's process.*, container.*, k8s.* and service.*. */
import { createHash } from 'node:crypto';
import { type Container, findContainer, parseMounts } from './container.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { readNamespace, readText } from './proc-file.ts';
import { type ProcessFacts, readProcess } from './processes.ts';
import { executableName, languageOf } from './programs/languages.ts';
import { openProgram, type Program } from './programs/program.ts';
import { redactArguments } from './redact.ts';
import { findServiceName, type ServiceName } from './service-name.ts';
import { createUserNames } from './users.ts';

export type AttributeValue = string | number | string[];

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks from boot to start; 0 when the process was gone before it could be read. */
  startTicks: number;
  /** Changes with the pid, the start, and each exec: whatever is made of the attributes may be kept by it. */
  key: string;
  service: ServiceName;
  /** As `doctor` shows it: `Java`, `Go`; empty for none that is known. */
  language: string;
  /** It was not read, only what others told of it is known. */
  isGuess: boolean;
  container: Container | undefined;
  /** What it was read from, with arguments as they may be shown. */
  facts: ProcessFacts;
  attributes: [name: string, value: AttributeValue][];
}

/** What others than /proc know: Go, whose executables have to be opened to be known. */
export interface Runtime {
  language: string;
  /** `process.runtime.name` and `process.runtime.version` */
  name: string;
  version: string | undefined;
}

export interface IdentityOptions {
  proc?: string;
  /** Asked about programs of no language that is known by the name of its executable. */
  runtimeOf?: (facts: ProcessFacts) => Runtime | undefined;
}

/** What somebody else knows of a process. */
export interface Told {
  facts: ProcessFacts;
  environment: Environment;
}

export interface IdentityReader {
  /**
   * Undefined when there is no such process (any more). Takes about 0.2 ms. What may not be read, or no more, because it is ending, is
   * as `told`.
   */
  read(pid: number, told?: Told): ProcessIdentity | undefined;
  /** What is known of a process that is gone, or not worth reading: nothing is read. */
  guess(told: Told, container: Container | undefined): ProcessIdentity;
  /** A child that is gone and executed nothing: it is its parent under another pid. */
  childOf(parent: ProcessIdentity, pid: number): ProcessIdentity;
}

interface Found {
  service: ServiceName;
  container: Container | undefined;
  runtime: Runtime | undefined;
  owner: string;
  instance: string;
}

/** Attributes that a child does not share with its parent. */
const ofOneProcess = new Set(['process.pid', 'process.vpid', 'process.parent_pid', 'process.creation.time']);

/** A worker of a worker of a server; deeper ones are their own. */
const maxForks = 4;

export function createIdentityReader({ proc = '/proc', runtimeOf }: IdentityOptions = {}): IdentityReader {
  const users = createUserNames(proc);
  const boot = readBoot(proc);
  const mounts = createMounts(proc);

  function describe(facts: ProcessFacts, told: Environment = {}): ProcessIdentity {
    const { pid } = facts;
    const container = findContainer(facts.cgroups, () => mounts.containerOf(pid));
    const program = openProgram(facts, { ...told, ...readEnvironment(pid, proc) }, proc);
    const service = findServiceName(program, container);
    const runtime = findRuntime(program) ?? runtimeOf?.(facts);
    const owner = users.nameOf(facts.uid, pid, container?.id ?? '');
    const instance = instanceOf(facts, service, container);
    return identityOf(facts, { service, container, runtime, owner, instance }, false);
  }

  function guess({ facts, environment }: Told, container: Container | undefined): ProcessIdentity {
    const service = findServiceName({ facts, environment, read: () => undefined, resolve: (path) => path }, container);
    const language = languageOf(facts);
    const runtime = language && { language: language.language, name: language.runtime, version: undefined };
    // Its parent is left alone, which would have to be read.
    const instance = instanceOf({ ...facts, parentPid: 0 }, service, container);
    return identityOf(facts, { service, container, runtime, owner: '', instance }, true);
  }

  function identityOf(facts: ProcessFacts, found: Found, isGuess: boolean): ProcessIdentity {
    const { service, container, runtime, owner, instance } = found;
    const shown = redactArguments(facts.args);
    return {
      pid: facts.pid,
      startTicks: facts.startTicks,
      key: `${facts.pid}:${facts.startTicks}`,
      service,
      language: runtime?.language ?? '',
      isGuess,
      container,
      // Command lines hold secrets, which are not kept as long as an identity is.
      facts: { ...facts, args: shown },
      attributes: [
        ...serviceAttributes(service, instance),
        ...processAttributes(facts, shown, owner, boot.timeMs, runtime),
        ...containerAttributes(container),
      ],
    };
  }

  /**
   * What one instance of a service is: the processes of it in a container, and outside of one a process with those it forked,
   * such as a server with its workers.
   */
  function instanceOf(facts: ProcessFacts, { name }: ServiceName, container: Container | undefined): string {
    if (container?.id !== undefined) return uuidOf(`${name}\n${container.id}`);
    let first = facts;
    for (let level = 0; level < maxForks && first.executable !== undefined && first.parentPid > 1; level++) {
      const parent = readProcess(first.parentPid, proc);
      if (parent === undefined || parent.executable !== first.executable) break;
      const program = openProgram(parent, readEnvironment(parent.pid, proc), proc);
      if (findServiceName(program).name !== name) break;
      first = parent;
    }
    return uuidOf(`${name}\n${boot.id}\n${first.pid}\n${first.startTicks}`);
  }

  return {
    read(pid, told) {
      const facts = readProcess(pid, proc);
      if (facts === undefined) return undefined;
      return told === undefined ? describe(facts) : describe(completed(facts, told.facts), told.environment);
    },
    guess,
    childOf(parent, pid) {
      const { attributes, facts } = parent;
      const own: [string, AttributeValue][] = [
        ['process.pid', pid],
        ['process.parent_pid', parent.pid],
      ];
      return {
        ...parent,
        pid,
        startTicks: 0,
        key: `${pid}:0`,
        isGuess: true,
        facts: { ...facts, pid, parentPid: parent.pid, startTicks: 0 },
        attributes: [...attributes.filter(([name]) => !ofOneProcess.has(name)), ...own],
      };
    },
  };
}

/** Mounts are long to read and the same for all processes of a mount namespace. */
function createMounts(proc: string) {
  const known = new Map<number, Container | undefined>();
  return {
    containerOf(pid: number): Container | undefined {
      const namespace = readNamespace(`${proc}/${pid}/ns/mnt`);
      if (namespace !== undefined && known.has(namespace)) return known.get(namespace);
      const container = parseMounts(readText(`${proc}/${pid}/mountinfo`, 256 * 1024) ?? '');
      if (known.size >= 1024) known.clear();
      if (namespace !== undefined) known.set(namespace, container);
      return container;
    },
  };
}

function completed(facts: ProcessFacts, told: ProcessFacts): ProcessFacts {
  const { executable = told.executable } = facts;
  const { args, argsCount } = facts.args.length > 0 ? facts : told;
  return { ...facts, executable, args, argsCount };
}

function findRuntime(program: Program): Runtime | undefined {
  const language = languageOf(program.facts);
  if (language === undefined) return undefined;
  return { language: language.language, name: language.runtime, version: language.versionOf?.(program) };
}

function serviceAttributes({ name, version, attributes }: ServiceName, instance: string): [string, AttributeValue][] {
  const given = new Map(attributes);
  if (!given.has('service.instance.id')) given.set('service.instance.id', instance);
  // Its name until 1.27 of the conventions.
  const environment = given.get('deployment.environment');
  if (environment !== undefined && !given.has('deployment.environment.name')) {
    given.set('deployment.environment.name', environment);
  }
  const service: [string, AttributeValue][] = [['service.name', name]];
  if (version !== undefined) service.push(['service.version', version]);
  for (const [key, value] of given) if (!ours.test(key)) service.push([key, value]);
  return service;
}

/** What is observed counts more than what a process was told to say of itself. */
const ours = /^(process\.|container\.id$|telemetry\.)/;

function processAttributes(
  facts: ProcessFacts,
  shown: string[],
  owner: string,
  bootTimeMs: number,
  runtime: Runtime | undefined,
): [string, AttributeValue][] {
  const { pid, parentPid, executable, argsCount, startTicks, namespacePids } = facts;
  const found: [string, AttributeValue][] = [
    ['process.pid', pid],
    ['process.executable.name', executableName(facts)],
  ];
  if (parentPid > 0) found.push(['process.parent_pid', parentPid]);
  if (executable !== undefined) found.push(['process.executable.path', executable]);
  if (shown.length > 0) {
    found.push(['process.command', shown[0]!]);
    found.push(['process.command_args', shown]);
    found.push(['process.args_count', argsCount]);
  }
  if (startTicks > 0) {
    found.push(['process.owner', owner]);
    if (bootTimeMs > 0) found.push(['process.creation.time', new Date(bootTimeMs + startTicks * 10).toISOString()]);
  }
  if (namespacePids.length > 1) found.push(['process.vpid', namespacePids.at(-1)!]);
  if (runtime !== undefined && runtime.name !== '') found.push(['process.runtime.name', runtime.name]);
  if (runtime?.version !== undefined) found.push(['process.runtime.version', runtime.version]);
  return found;
}

function containerAttributes(container: Container | undefined): [string, AttributeValue][] {
  const found: [string, AttributeValue][] = [];
  if (container?.id !== undefined) found.push(['container.id', container.id]);
  if (container?.runtime !== undefined) found.push(['container.runtime.name', container.runtime]);
  if (container?.podUid !== undefined) found.push(['k8s.pod.uid', container.podUid]);
  if (container?.containerName !== undefined) found.push(['k8s.container.name', container.containerName]);
  return found;
}

/** The boot's id tells starts of different boots apart, which have the same pids and ticks. */
function readBoot(proc: string): { id: string; timeMs: number } {
  const seconds = /^btime (\d+)$/m.exec(readText(`${proc}/stat`, 1024 * 1024) ?? '')?.[1];
  return { id: readText(`${proc}/sys/kernel/random/boot_id`)?.trim() ?? '', timeMs: Number(seconds ?? 0) * 1000 };
}

/** The namespace that OpenTelemetry's conventions give for ids of service instances. */
const namespace = Buffer.from('4d63009a8d0f11eeaad74c796ed8e320', 'hex');

/** A UUID of version 5 (RFC 9562 §5.5). */
function uuidOf(name: string): string {
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
