/** What every component must do, as tests; the distribution runs them for each component it lists. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Signal } from '../../pdata/batch.ts';
import type { Consumer, Consumers } from '../consumer.ts';
import type { Component, ComponentDefinition } from '../define.ts';
import { isPermanent, OperatorError } from '../errors.ts';
import { parseConfig } from '../parse.ts';
import { descriptionOf, fieldsAt } from '../schema-shape.ts';
import { Secret } from '../schemas/secret.ts';
import { createTestContext, type TestContext } from './context.ts';

export interface ContractOptions {
  /** A section that works in a test: ephemeral ports, temporary directories. */
  config: unknown;
  /** False when the component cannot start without what a test has not got (a server, an engine). Default true. */
  starts?: boolean;
  /** Whether an empty section is a valid one. Default true. */
  emptyIsValid?: boolean;
  /** A batch for each signal the component consumes. */
  batches: Record<Signal, () => Batch>;
}

type Consuming = Component & { consume?: Consumer };

export function testComponent(definition: ComponentDefinition, options: ContractOptions): void {
  const name = `${definition.kind} ${definition.type}`;
  const { starts = true, emptyIsValid = true } = options;

  test(`${name}: the declaration can be shown to a stranger`, () => {
    assert.match(definition.type, /^[a-z][a-z0-9_]{0,62}$/);
    assert.ok(definition.description.length >= 20, 'the description says too little');
    const silent = undescribed(definition.config, []);
    assert.deepEqual(silent, [], 'options without a description');
  });

  test(`${name}: an empty section, null and {} mean the same`, () => {
    const fromNull = parseConfig(definition.config, null);
    const fromEmpty = parseConfig(definition.config, {});
    assert.equal(fromNull.ok, emptyIsValid, JSON.stringify(fromNull));
    assert.deepEqual(fromNull, fromEmpty);
  });

  test(`${name}: an unknown option is an error that names it`, () => {
    const result = parseConfig(definition.config, { ...(options.config as object), no_such_option: 1 });
    assert.ok(!result.ok);
    assert.ok(result.issues.some(({ path }) => path[0] === 'no_such_option'));
  });

  test(`${name}: what is secret does not print`, () => {
    const context = contextOf(definition, options.config);
    for (const secret of secretsIn(context.config)) {
      assert.ok(!JSON.stringify(context.config).includes(secret));
    }
  });

  test(`${name}: shutdown without start is safe`, async () => {
    const { component } = create(definition, options.config);
    await component.shutdown?.();
  });

  if (!starts) return;

  test(`${name}: starts and stops, twice in a row`, async () => {
    for (let round = 0; round < 2; round++) {
      const { component } = create(definition, options.config);
      await start(component);
      await component.shutdown?.();
    }
  });

  for (const signal of consumedSignals(definition)) {
    test(`${name}: leaves batches of ${signal} as they were`, async () => {
      const { component } = create(definition, options.config, signal);
      await start(component);
      const batch = options.batches[signal]();
      const before = Buffer.concat(batch.wire);
      await component.consume!(batch).catch((error) => assert.ok(error instanceof Error));
      await component.shutdown?.();
      assert.deepEqual(Buffer.concat(batch.wire), before);
    });

    test(`${name}: takes ${signal} or says "try again" after shutdown, and never hangs`, async () => {
      const { component } = create(definition, options.config, signal);
      await start(component);
      await component.shutdown?.();
      await component.consume!(options.batches[signal]()).catch((error) => assert.equal(isPermanent(error), false));
    });
  }
}

/** A start that fails must say what an operator can do. */
async function start(component: Component): Promise<void> {
  try {
    await component.start?.();
  } catch (error) {
    assert.ok(error instanceof OperatorError, `start failed with ${(error as Error).stack}`);
    throw error;
  }
}

function contextOf(definition: ComponentDefinition, config: unknown): TestContext<unknown> {
  const parsed = parseConfig(definition.config, config);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return createTestContext(parsed.value, { id: definition.type });
}

function create(definition: ComponentDefinition, config: unknown, signal: Signal = firstSignal(definition)) {
  const context = contextOf(definition, config);
  const component = make(definition, context, signal);
  return { component, context };
}

function make(definition: ComponentDefinition, context: TestContext<unknown>, signal: Signal): Consuming {
  const next: Consumer = async () => {};
  const all: Consumers = { traces: next, metrics: next, logs: next, profiles: next };
  switch (definition.kind) {
    case 'receiver':
    case 'connector':
      return definition.create(context, all);
    case 'processor':
      return definition.create(context, signal, next);
    case 'exporter':
    case 'extension':
      return definition.create(context);
    default:
      return definition satisfies never;
  }
}

function consumedSignals(definition: ComponentDefinition): Signal[] {
  switch (definition.kind) {
    case 'receiver':
    case 'extension':
      return [];
    default:
      return Object.keys(definition.signals) as Signal[];
  }
}

function firstSignal(definition: ComponentDefinition): Signal {
  return consumedSignals(definition)[0] ?? 'traces';
}

/** Paths of options that nobody could use without reading the code. */
function undescribed(schema: ComponentDefinition['config'], path: readonly string[]): string[] {
  const silent: string[] = [];
  for (const [name, field] of fieldsAt(schema, path)) {
    const inner = [...path, name];
    const isSection = fieldsAt(schema, inner).size > 0;
    if (isSection) silent.push(...undescribed(schema, inner));
    else if (!descriptionOf(field)) silent.push(inner.join('::'));
  }
  return silent;
}

function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return value.reveal() === '' ? [] : [value.reveal()];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(secretsIn);
}
