/** Finds out what a process calls itself, by OpenTelemetry's rules where it says so, and from what it runs where it does not. */
import { hostname } from 'node:os';
import { type Container, findUnit } from './container.ts';
import type { Environment } from './environment.ts';
import { kubernetesName } from './kubernetes-name.ts';
import { executableName, languageOf } from './programs/languages.ts';
import { nameOfExecutable, type Program } from './programs/program.ts';
import { parseResourceAttributes } from './resource-attributes.ts';

export interface ServiceName {
  /** `service.name` */
  name: string;
  /** What it was taken from, in words for the operator: `OTEL_SERVICE_NAME`, `systemd unit`, `java jar` … */
  source: string;
  /** `service.version`, where what gave the name tells. */
  version: string | undefined;
  /** What OTEL_RESOURCE_ATTRIBUTES says, `service.name` left out. */
  attributes: Map<string, string>;
}

const maxNameLength = 255;

/** The first that says something, in this order. Never empty: a process always has an executable's or its own name. */
export function findServiceName(program: Program, container?: Container, hostName = hostname()): ServiceName {
  const { environment } = program;
  const attributes = parseResourceAttributes(environment.OTEL_RESOURCE_ATTRIBUTES ?? '');
  const said = attributes.get('service.name');
  attributes.delete('service.name');
  const found: Found =
    fromVariable(environment) ??
    (said === undefined || said === '' ? undefined : { name: said, source: 'OTEL_RESOURCE_ATTRIBUTES' }) ??
    fromUnit(program) ??
    kubernetesName(environment, container, hostName) ??
    fromProgram(program);
  const name = found.name
    .replace(/[\p{Cc}\uFFFD]+/gu, ' ')
    .trim()
    .slice(0, maxNameLength);
  const version = attributes.get('service.version') ?? found.version;
  attributes.delete('service.version');
  return { name: name === '' ? 'unknown_service' : name, source: found.source, version, attributes };
}

interface Found {
  name: string;
  source: string;
  version?: string | undefined;
}

function fromVariable({ OTEL_SERVICE_NAME: name }: Environment): Found | undefined {
  return name === undefined || name.trim() === '' ? undefined : { name: name.trim(), source: 'OTEL_SERVICE_NAME' };
}

/** Units that hold what others start, so that their name is not that of the program. */
const holders =
  /^(user@.*|session-.*|run-.*|init|cron|crond|atd|ssh|sshd|docker|containerd|crio|kubelet|podman.*|snap\.docker.*|buildkit|supervisor|supervisord|pm2-.*|getty@.*|serial-getty@.*|lxc|lxd.*|machine-.*|gdm|lightdm|sddm|systemd-nspawn@.*)$/;

/** `postgresql@15-main.service` is an instance of postgresql. */
function fromUnit({ facts }: Program): Found | undefined {
  const unit = findUnit(facts.cgroups)?.replace(/\.service$/, '');
  if (unit === undefined || holders.test(unit)) return undefined;
  return { name: unit.replace(/@.*$/, ''), source: 'systemd unit' };
}

/** Workers of one server have one name: it is the executable's, whatever they write into their title. */
const shorter: Record<string, string> = {
  'redis-server': 'redis',
  'redis-check-rdb': 'redis',
  'valkey-server': 'valkey',
};

function fromProgram(program: Program): Found {
  const named = languageOf(program.facts)?.nameOf(program);
  if (named !== undefined && named.name !== '') return named;
  const executable = executableName(program.facts);
  const name = nameOfExecutable(executable, program.facts.executable ?? '', () => program.resolve('.'));
  return name === executable
    ? { name: shorter[executable] ?? executable, source: 'executable' }
    : { name, source: 'folder of executable' };
}
