/** Log lines: zap-console-like text for people, or JSON for machines. */
import { openSync, writeSync } from 'node:fs';
import type { LogFields, Logger } from '../../component/telemetry.ts';
import type { LogsConfig } from '../../config/service-schema.ts';
import { createSampler } from './log-sampler.ts';

export type Level = keyof Logger;

export interface RootLogger extends Logger {
  /** A logger whose lines all carry these fields. */
  with(fields: LogFields): RootLogger;
}

const ranks: Record<LogsConfig['level'], number> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  dpanic: 4,
  panic: 4,
  fatal: 4,
};

/** `now` gives the time of a line. Throws when an output file cannot be opened. */
export function createLogger(config: LogsConfig, now: () => Date = () => new Date()): RootLogger {
  const outputs = config.output_paths.map(openOutput);
  const lowest = ranks[config.level];
  const sampled = createSampler(config.sampling);

  function write(level: Level, message: string, fields: LogFields): void {
    if (ranks[level] < lowest || !sampled(level, message)) return;
    const line =
      config.encoding === 'json' ? jsonLine(now(), level, message, fields) : consoleLine(now(), level, message, fields);
    for (const output of outputs) writeFully(output, line);
  }

  function bind(bound: LogFields): RootLogger {
    const log = (level: Level) => (message: string, fields?: LogFields) =>
      write(level, message, fields ? { ...bound, ...fields } : bound);
    return {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      with: (fields) => bind({ ...bound, ...fields }),
    };
  }
  return bind(config.initial_fields);
}

function consoleLine(time: Date, level: Level, message: string, fields: LogFields): string {
  const rest = Object.keys(fields).length > 0 ? `\t${JSON.stringify(fields, plainError)}` : '';
  return `${time.toISOString()}\t${level}\t${message}${rest}\n`;
}

function jsonLine(time: Date, level: Level, message: string, fields: LogFields): string {
  return `${JSON.stringify({ level, ts: time.toISOString(), msg: message, ...fields }, plainError)}\n`;
}

function plainError(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.message;
  return typeof value === 'bigint' ? String(value) : value;
}

function openOutput(path: string): number {
  if (path === 'stderr') return 2;
  if (path === 'stdout') return 1;
  return openSync(path, 'a');
}

/** Logging must not fail the caller: a full pipe is tried again a few times, then the line is lost. */
function writeFully(output: number, line: string): void {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      writeSync(output, line);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
}
