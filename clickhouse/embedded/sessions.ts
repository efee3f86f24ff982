/** Client sessions (`session_id`): connections that outlive a request, with their SETs and temporary tables. */
import { literal } from '../quote.ts';
import type { Connection, Engine } from './engine.ts';
import type { QueryRequest } from './query-request.ts';
import { StoreException } from './store-exception.ts';

interface Session {
  connection: Connection;
  /** Settled when everything queued on the session is over. */
  tail: Promise<void>;
  queued: number;
  expiry: NodeJS.Timeout | undefined;
}

export interface Sessions {
  /** Runs `work` on the session's connection once all earlier work of that session is over, else on a new connection. */
  use<T>(request: QueryRequest, work: (connection: Connection) => Promise<T>): Promise<T>;
  close(): void;
}

export function createSessions(engine: Engine): Sessions {
  const sessions = new Map<string, Session>();

  function find(wanted: NonNullable<QueryRequest['session']>): Session {
    let session = sessions.get(wanted.id);
    if (session === undefined) {
      if (wanted.mustExist) throw new StoreException(372, 'SESSION_NOT_FOUND', `Session ${wanted.id} not found`);
      session = { connection: engine.connect(), tail: Promise.resolve(), queued: 0, expiry: undefined };
      sessions.set(wanted.id, session);
    }
    clearTimeout(session.expiry);
    return session;
  }

  function expireLater(id: string, session: Session, timeoutMs: number): void {
    if (--session.queued > 0 || sessions.get(id) !== session) return;
    session.expiry = setTimeout(() => {
      sessions.delete(id);
      engine.disconnect(session.connection);
    }, timeoutMs);
    session.expiry.unref();
  }

  async function useOnce<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = engine.connect();
    try {
      return await work(connection);
    } finally {
      engine.disconnect(connection);
    }
  }

  return {
    use(request, work) {
      const wanted = request.session;
      if (wanted === undefined) return useOnce(work);
      const session = find(wanted);
      session.queued++;
      const result = session.tail.then(() => keepingSettings(engine, session.connection, request, work));
      session.tail = result.then(
        () => expireLater(wanted.id, session, wanted.timeoutMs),
        () => expireLater(wanted.id, session, wanted.timeoutMs),
      );
      return result;
    },
    close() {
      for (const session of sessions.values()) {
        clearTimeout(session.expiry);
        if (session.queued === 0) engine.disconnect(session.connection);
      }
      sessions.clear();
    },
  };
}

/** What a request sets by URL holds for that request only; what `SET` statements of the session set stays. */
async function keepingSettings<T>(
  engine: Engine,
  connection: Connection,
  request: QueryRequest,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const names = request.settings.map(([name]) => name);
  if (request.readOnly) names.push('readonly');
  if (names.length === 0) return work(connection);
  const before = await engine.run(
    connection,
    `SELECT name, value FROM system.settings WHERE changed AND name IN (${names.map(literal).join(', ')})`,
    'JSONCompact',
  );
  const changed = new Map((JSON.parse(Buffer.from(before.bytes).toString()) as { data: [string, string][] }).data);
  try {
    return await work(connection);
  } finally {
    const restore = names.map((name) => `${name} = ${changed.has(name) ? literal(changed.get(name)!) : 'DEFAULT'}`);
    // A name that is no setting failed the request already, and `readonly` cannot be undone while it holds.
    await engine.run(connection, `SET ${restore.join(', ')}`).catch(() => {});
  }
}
