/** Parses a component's section of the configuration by its schema, with the Collector's rules for null and variables. */
import type { z } from 'zod';
import { fieldsAt } from './schema-shape.ts';
import { suggestion } from './suggest.ts';

/** One thing wrong with a configuration; the path is relative to what was parsed. */
export interface ConfigIssue {
  path: string[];
  message: string;
}

export type ParseResult<T> = { ok: true; value: T } | { ok: false; issues: ConfigIssue[] };

/** Gives the text of a value that came from a variable alone (`${env:X}`), by its path; undefined for other values. */
export type VariableText = (path: readonly string[]) => string | undefined;

type Issue = z.core.$ZodIssue;

/**
 * Two rules of the OpenTelemetry Collector are applied where the schema expects something else: a null section means
 * its defaults (`protocols: { grpc: }`), and a variable's value is taken as text where text is wanted (`0123`).
 */
export function parseConfig<S extends z.ZodType>(
  schema: S,
  input: unknown,
  variableText: VariableText = () => undefined,
): ParseResult<z.output<S>> {
  let value: unknown = structuredClone(input ?? {});
  for (;;) {
    const result = schema.safeParse(value);
    if (result.success) return { ok: true, value: result.data };
    const issues = result.error.issues.flatMap((issue) => flatten(issue, []));
    const mends = new Map<string, Mend>();
    for (const issue of issues) {
      const found = mendOf(issue, value, variableText);
      if (found) mends.set(found.path.join('\0'), found);
    }
    // Every round settles at least one value of a finite input for good, so this ends.
    if (mends.size === 0) return { ok: false, issues: issues.flatMap((issue) => describe(schema, issue)) };
    for (const { path, replacement } of mends.values()) value = replaceAt(value, path, replacement);
  }
}

interface Mend {
  path: string[];
  replacement: unknown;
}

/** What to put in place of a value that has the wrong type only because of how YAML and variables write it. */
function mendOf(issue: Issue, root: unknown, variableText: VariableText): Mend | undefined {
  const path = issue.path.map(String);
  if (issue.code === 'invalid_value' || issue.code === 'invalid_type') {
    const value = valueAt(root, path);
    if (value === null) {
      const expected = issue.code === 'invalid_type' ? issue.expected : 'string';
      return { path, replacement: expected === 'object' || expected === 'record' ? {} : undefined };
    }
    if (typeof value !== 'string' && (issue.code === 'invalid_value' || issue.expected === 'string')) {
      const text = variableText(path);
      if (text !== undefined) return { path, replacement: text };
    }
  }
  return undefined;
}

/** The issues of a union are those of its best fitting variant. */
function flatten(issue: Issue, prefix: readonly PropertyKey[]): Issue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }];
  const variants = issue.errors.map((errors) => errors.flatMap((error) => flatten(error, path)));
  const depth = (issues: Issue[]) => Math.max(...issues.map((one) => one.path.length));
  const best = variants.reduce((a, b) => (depth(b) > depth(a) ? b : a));
  if (depth(best) > path.length) return best;
  const expected = best.length === 1 && variants.flat().every((one) => one.code === 'invalid_type');
  if (!expected) return best;
  const words = variants.flat().map((one) => (one.code === 'invalid_type' ? one.expected : ''));
  return [{ ...best[0]!, message: `expected ${[...new Set(words)].join(' or ')}` }];
}

function describe(schema: z.ZodType, issue: Issue): ConfigIssue[] {
  const path = issue.path.map(String);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = [...fieldsAt(schema, issue.path).keys()];
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `unknown key "${key}"${suggestion(key, known)}`,
      }));
    }
    case 'invalid_type':
      return [
        {
          path,
          message: issue.message.replace(/^Invalid input: /, '').replace(/, received undefined$/, ' (it is required)'),
        },
      ];
    default:
      return [{ path, message: issue.message.replace(/^(Invalid input|Invalid option): /, '') }];
  }
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const step of path) value = (value as Record<string, unknown> | null | undefined)?.[step];
  return value;
}

/** Sets (or, with undefined, removes) the value at a path. The root is ours to change. */
function replaceAt(root: unknown, path: readonly string[], replacement: unknown): unknown {
  if (path.length === 0) return replacement;
  const parent = valueAt(root, path.slice(0, -1)) as Record<string, unknown>;
  const last = path.at(-1)!;
  if (replacement === undefined) delete parent[last];
  else parent[last] = replacement;
  return root;
}
