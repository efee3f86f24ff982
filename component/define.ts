/** The component contract: one declaration per component, from which parsing, `components`, docs and life come. */
import type { z } from 'zod';
import type { Signal } from '../pdata/batch.ts';
import type { Consumer, Consumers } from './consumer.ts';
import type { Logger, Meter } from './telemetry.ts';

export type Kind = 'receiver' | 'processor' | 'exporter' | 'connector' | 'extension';
export type Stability = 'development' | 'alpha' | 'beta' | 'stable' | 'deprecated';

/**
 * Anything with a life. `start` is called once, after everything downstream has started, and rejects with an
 * OperatorError when the component cannot work; `shutdown` is called once, after everything upstream has stopped, and
 * returns when all data the component took is handed on and all its resources are closed. Both may be left out.
 */
export interface Component {
  start?(): Promise<void>;
  shutdown?(): Promise<void>;
}

export interface Receiver extends Component {}

export interface Processor extends Component {
  consume: Consumer;
}

export interface Exporter extends Component {
  consume: Consumer;
}

export interface Connector extends Component {
  consume: Consumer;
}

export interface Extension extends Component {
  /** Called once every pipeline is running. */
  ready?(): Promise<void>;
  /** Called before the pipelines begin to stop. */
  notReady?(): Promise<void>;
}

export type ComponentStatus =
  | 'starting'
  | 'ok'
  | 'recoverable_error'
  | 'permanent_error'
  | 'fatal_error'
  | 'stopping'
  | 'stopped';

/** What a component may ask of the service it lives in. */
export interface Host {
  /** Name, version and description of the running binary. */
  readonly build: { name: string; version: string; description: string };
  /** Which of how many pipeline workers this is; index 0 is there always. */
  readonly worker: { index: number; count: number };
  /** The running extension of that id; throws an OperatorError when `service.extensions` does not list it. */
  extension(id: string): Extension;
  /** All running extensions, by id. Components find a capability by the property it declares, never by type. */
  extensions(): ReadonlyMap<string, Extension>;
  /** Prometheus text of the collector's own metrics, all workers joined. */
  ownMetrics(): Promise<string>;
  /** State of every component of the service: id, kind, pipeline, status. */
  health(): readonly ComponentHealth[];
}

export interface ComponentHealth {
  kind: Kind;
  id: string;
  /** Ids of the pipelines it works in; none for extensions. */
  pipelines: readonly string[];
  status: ComponentStatus;
  message?: string;
  sinceMs: number;
}

/** What a component is created with. */
export interface Context<Config> {
  /** Full id as in YAML: `type` or `type/name`. */
  id: string;
  /** Parsed by the component's schema: defaults are in, nothing is left to check. */
  config: Config;
  log: Logger;
  meter: Meter;
  host: Host;
  /** Tells the service how the component fares; shown by `health_check` and the page. */
  reportStatus(status: ComponentStatus, message?: string): void;
  /** Tells the service that a listener is open; shown when the service is ready. Call it in `start`. */
  reportListener(listener: Listener): void;
}

/** An address on which a component takes requests. */
export interface Listener {
  /** What is spoken there, in words for a person: `OTLP/gRPC`, `ClickHouse HTTP`, `page`. */
  protocol: string;
  /** Where: `http://localhost:4318`, `unix:/var/lib/x.sock`. */
  url: string;
}

interface Definition<K extends Kind, Schema extends z.ZodType> {
  kind: K;
  /** The word in YAML. */
  type: string;
  /** Former words that still work, with a warning. */
  deprecatedAliases?: readonly string[];
  /** One sentence for `components` and the reference docs. */
  description: string;
  config: Schema;
  /**
   * `worker`: every pipeline worker has its own instance (the default for receivers, processors, exporters).
   * `one`: there may only be one in the process, so its pipelines run in worker 0 only.
   */
  instances: 'worker' | 'one';
}

export interface ReceiverDefinition<Schema extends z.ZodType = z.ZodType> extends Definition<'receiver', Schema> {
  signals: Partial<Record<Signal, Stability>>;
  /** One instance serves all pipelines that name it; `next` has a consumer for each signal they use. */
  create(context: Context<z.output<Schema>>, next: Consumers): Receiver;
}

export interface ProcessorDefinition<Schema extends z.ZodType = z.ZodType> extends Definition<'processor', Schema> {
  signals: Partial<Record<Signal, Stability>>;
  /** One instance per pipeline. */
  create(context: Context<z.output<Schema>>, signal: Signal, next: Consumer): Processor;
}

export interface ExporterDefinition<Schema extends z.ZodType = z.ZodType> extends Definition<'exporter', Schema> {
  signals: Partial<Record<Signal, Stability>>;
  /** One instance serves all pipelines that name it. */
  create(context: Context<z.output<Schema>>): Exporter;
}

export interface ConnectorDefinition<Schema extends z.ZodType = z.ZodType> extends Definition<'connector', Schema> {
  /** Which signal may go in, and which may come out of it. */
  signals: Partial<Record<Signal, Partial<Record<Signal, Stability>>>>;
  create(context: Context<z.output<Schema>>, next: Consumers): Connector;
}

export interface ExtensionDefinition<Schema extends z.ZodType = z.ZodType> extends Definition<'extension', Schema> {
  stability: Stability;
  create(context: Context<z.output<Schema>>): Extension;
}

export type ComponentDefinition =
  | ReceiverDefinition
  | ProcessorDefinition
  | ExporterDefinition
  | ConnectorDefinition
  | ExtensionDefinition;

type Declared<D> = Omit<D, 'kind' | 'instances'> & { instances?: 'worker' | 'one' };

export function defineReceiver<S extends z.ZodType>(
  definition: Declared<ReceiverDefinition<S>>,
): ReceiverDefinition<S> {
  return { instances: 'worker', ...definition, kind: 'receiver' };
}

export function defineProcessor<S extends z.ZodType>(
  definition: Declared<ProcessorDefinition<S>>,
): ProcessorDefinition<S> {
  return { instances: 'worker', ...definition, kind: 'processor' };
}

export function defineExporter<S extends z.ZodType>(
  definition: Declared<ExporterDefinition<S>>,
): ExporterDefinition<S> {
  return { instances: 'worker', ...definition, kind: 'exporter' };
}

export function defineConnector<S extends z.ZodType>(
  definition: Declared<ConnectorDefinition<S>>,
): ConnectorDefinition<S> {
  return { instances: 'worker', ...definition, kind: 'connector' };
}

/** Extensions live in the main thread, once, unless they say otherwise. */
export function defineExtension<S extends z.ZodType>(
  definition: Declared<ExtensionDefinition<S>>,
): ExtensionDefinition<S> {
  return { instances: 'one', ...definition, kind: 'extension' };
}
