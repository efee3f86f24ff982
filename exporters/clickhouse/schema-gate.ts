/** Makes sure, before anything is inserted, that the server is new enough and the schema is there. */
import type { StoreClient } from '../../clickhouse/client.ts';
import { StoreError } from '../../clickhouse/errors.ts';
import { migrate } from '../../clickhouse/migrations.ts';
import { OperatorError } from '../../component/errors.ts';
import type { Logger } from '../../component/telemetry.ts';
import type { ClickHouseConfig } from './config.ts';

export interface SchemaGate {
  /** Resolves once the schema is there; the work is done once, however many ask. Rejects with a StoreError. */
  ready: () => Promise<void>;
  /** Forgets that the schema was there, because it turned out not to be. */
  reset: () => void;
  /**
   * The first try. Rejects with an OperatorError when waiting cannot help; tells `onFailure` when it can, and `onLate` when
   * the schema is there after all.
   */
  tryAtStart(onFailure: (error: StoreError) => void, onLate: () => void): Promise<void>;
}

/** A start does not wait longer than this for a silent server; the senders go on asking. */
const patienceAtStartMs = 5000;

export function createSchemaGate(client: StoreClient, config: ClickHouseConfig, log: Logger): SchemaGate {
  let done: Promise<void> | undefined;

  async function prepare(): Promise<void> {
    const version = await client.checkVersion();
    if (!config.create_schema) return;
    const { cluster, database } = config;
    await migrate(client, { cluster, database, ttlSeconds: Math.ceil(config.ttl / 1000) }, (name) =>
      log.info('Changing the schema of ClickHouse.', { migration: name, database, version }),
    );
  }

  function ready(): Promise<void> {
    done ??= prepare().catch((error) => {
      done = undefined;
      throw error;
    });
    return done;
  }

  return {
    ready,
    reset() {
      done = undefined;
    },
    async tryAtStart(onFailure, onLate) {
      const silent = new StoreError('unavailable', 0, `ClickHouse at ${client.endpoint} has not answered yet`);
      let timer: NodeJS.Timeout | undefined;
      try {
        await Promise.race([
          ready(),
          new Promise((_, reject) => {
            timer = setTimeout(() => reject(silent), patienceAtStartMs);
          }),
        ]);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (error.kind === 'tooOld') throw new OperatorError('STORE_TOO_OLD', error.message, { cause: error });
        onFailure(error);
        // Who asks next is told when this fails.
        if (error === silent) ready().then(onLate, () => {});
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
