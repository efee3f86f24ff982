/** The doctor's report as text for a terminal. */
import { allCapabilities, howToGrant, listed, waysToGrant } from '../../bpf/features/capabilities.ts';
import type { Status } from '../../bpf/features/explain.ts';
import { columns, shorten, wrap } from './columns.ts';
import type { DoctorReport, ProcessReport } from './report.ts';

export interface TextOptions {
  /** Characters a line; 60 at least. */
  width: number;
  colour: boolean;
  /** Processes without network connections too. */
  all: boolean;
}

export function writeText(report: DoctorReport, options: TextOptions): string {
  const width = Math.max(60, options.width);
  const sections = [
    ['This host', ...columns(hostRows(report), width)],
    ['What can be seen', ...columns(featureRows(report), width)],
    ['What it takes of the kernel', ...columns(facilityRows(report), width)],
    processSection(report, width, options.all),
    grantSection(report, width),
  ];
  const text = [report.build, ...sections.filter((lines) => lines.length > 0).flatMap((lines) => ['', ...lines])];
  return `${text.map((line) => (options.colour ? coloured(line) : line)).join('\n')}\n`;
}

function hostRows({ host }: DoctorReport): string[][] {
  return host.map(({ status, title, found, action }) => [status, title, withAction(found, action)]);
}

/** The name is what `--require` takes. A reason that was given already is not told again. */
function featureRows({ features }: DoctorReport): string[][] {
  const told = new Map<string, string>();
  return features.flatMap(({ status, name, title, receiver, uses, reason, action }) => {
    const by = uses === undefined ? '' : `, by ${uses}`;
    const row = [status, name, `${title} (receiver ${receiver}${by})`];
    if (reason === '') return [row];
    const why = withAction(reason, action);
    const before = told.get(why);
    if (before === undefined) told.set(why, name);
    return [row, ['', '', before === undefined ? why : `as ${before}`]];
  });
}

function facilityRows({ facilities }: DoctorReport): string[][] {
  const told = new Map<string, string>();
  return facilities.map(({ status, title, reason, action }) => {
    const why = withAction(reason, action);
    const before = told.get(why);
    if (before === undefined && why.length > 40) told.set(why, title);
    return [status, title, before === undefined ? why : `as ${before}`];
  });
}

/** How capabilities are granted is said once, at the end. */
function withAction(found: string, action: string): string {
  return action === '' || action.startsWith(howToGrant([])) ? found : `${found}; ${action}`;
}

function processSection({ processes, processCount, hiddenCount }: DoctorReport, width: number, all: boolean): string[] {
  const found = `${processes.length - hiddenCount} of ${processCount}${hiddenCount > 0 ? `, and ${hiddenCount} that may have some` : ''}`;
  const heading = wrap(
    all ? `Processes: ${processes.length}` : `Processes with network connections: ${found} (--all shows the rest)`,
    width,
  );
  const groups = grouped(processes);
  if (groups.length === 0) return [...heading, '  none'];
  const notes: string[] = [];
  const isWide = width >= 110;
  // What narrow terminals lack goes from the columns that can be cut.
  const spare = Math.min(10, Math.max(0, Math.floor((width - 80 - (isWide ? 12 : 0)) / 3)));
  const rows = groups.map((group) => {
    const { pid, service, namedBy, runtime, tls, status, seen, reason, action } = group[0]!;
    const ports = [...new Set(group.flatMap((one) => one.ports))].sort((a, b) => a - b);
    const what = seen.length === 0 ? 'nothing' : seen.join(', ');
    const note = withAction(reason, action);
    if (note !== '' && !notes.includes(note)) notes.push(note);
    return [
      status,
      group.length === 1 ? String(pid) : `${pid} +${group.length - 1}`,
      shorten(service, 14 + spare),
      shorten(namedBy, 12 + spare),
      ...(isWide ? [portsText(ports)] : []),
      [runtime, ...tls].filter(Boolean).join(', '),
      note === '' ? what : `${what} [${notes.indexOf(note) + 1}]`,
    ];
  });
  const head = ['', 'PID', 'SERVICE', 'NAMED BY', ...(isWide ? ['PORTS'] : []), 'RUNTIME, TLS', 'SEEN'];
  const table = withinWidth([head, ...rows], head.length - 2, width);
  const explained = columns(
    notes.map((note, at) => [`[${at + 1}]`, note]),
    width,
  );
  return [...heading, ...columns(table, width), ...explained];
}

/** One column has what the others leave, 12 characters at least. */
function withinWidth(rows: string[][], flexible: number, width: number): string[][] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const others = widths.reduce((sum, one, column) => (column === flexible ? sum : sum + one + 2), 0);
  const room = Math.max(12, width - others - 4);
  return rows.map((row) => row.map((cell, column) => (column === flexible ? shortenList(cell, room) : cell)));
}

/** Versions go before names do. */
function shortenList(list: string, width: number): string {
  if (list.length <= width) return list;
  return shorten(list.replace(/ (go|v)?\d[\w.]*(?=,|$)/g, ''), width);
}

function portsText(ports: number[]): string {
  if (ports.length < 3) return ports.map((port) => `:${port}`).join(' ');
  return `:${ports[0]} and ${ports.length - 1} more`;
}

/** Workers of one service differ in their pid only, and in who listens. */
function grouped(processes: ProcessReport[]): ProcessReport[][] {
  const groups = new Map<string, ProcessReport[]>();
  for (const one of processes) {
    const { service, namedBy, runtime, tls, seen, reason, container } = one;
    const key = JSON.stringify([service, namedBy, runtime, tls, seen, reason, container]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

/** Those that are missing are named, but granted are all: what runs a collector takes the whole list. */
function grantSection({ facilities, features }: DoctorReport, width: number): string[] {
  const missing = new Set(facilities.flatMap((one) => one.missing));
  const othersAreHidden = features.some(({ action }) => action.includes('CAP_SYS_PTRACE'));
  if (othersAreHidden) missing.add('CAP_SYS_PTRACE');
  const named = allCapabilities.filter((one) => missing.has(one));
  return named.length === 0 ? [] : [`How to grant ${listed(named)}`, ...columns(waysToGrant(), width)];
}

const colours: Record<Status, string> = { ok: '\u001b[32m', limited: '\u001b[33m', no: '\u001b[31m' };

function coloured(line: string): string {
  if (!line.startsWith(' ')) return `\u001b[1m${line}\u001b[0m`;
  return line.replace(/^ {2}(ok|limited|no)(?= )/, (_, status: Status) => `  ${colours[status]}${status}\u001b[0m`);
}
