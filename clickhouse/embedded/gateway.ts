/** The ClickHouse HTTP interface over the engine: what is asked, in which lane and on which connection it runs. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AnswerContext, answerException, answerRows, answerWhole } from './answer.ts';
import type { BodyFiles } from './body-files.ts';
import type { Connection, Engine } from './engine.ts';
import { createLane } from './lane.ts';
import { frameBlocks } from './native-protocol.ts';
import { readQueryRequest } from './query-request.ts';
import { decodeBody, readAll, readContentEncoding, readTask, type Task } from './request-body.ts';
import type { ResultPipes } from './result-pipes.ts';
import { createSessions } from './sessions.ts';
import { type ReadLimits, writeSetup } from './setup-sql.ts';
import type { Statement } from './statement.ts';
import { StoreException } from './store-exception.ts';

export interface GatewayOptions {
  engine: Engine;
  pipes: ResultPipes;
  bodies: BodyFiles;
  /** How many statements other than inserts run at once; there must be as many pipes. */
  readers: number;
  readLimits: ReadLimits;
  /** When set, clients must send it; the user name does not matter. */
  password: string | undefined;
}

export interface Gateway {
  handle(req: IncomingMessage, res: ServerResponse): void;
  /** Resolves when no statement runs any more. */
  drained(): Promise<void>;
  /** Ends every running statement. */
  killAll(): Promise<void>;
}

/** Beyond that many waiting statements clients are told to come back. */
const maxWaiting = 512;
/** A statement whose client has gone is told to end so often until it has. */
const killAgainMs = 250;

export function createGateway(options: GatewayOptions): Gateway {
  const { engine, pipes, bodies } = options;
  const sessions = createSessions(engine);
  const readers = createLane(options.readers, maxWaiting);
  /** One insert at a time: tokens are checked in order, and two would only share the cores. */
  const writer = createLane(1, maxWaiting);
  /** Tags of running statements by the query id that clients know; the engine makes up ids of its own. */
  const running = new Map<string, string>();
  const tagPrefix = `store-${randomBytes(6).toString('hex')}`;
  let tagCount = 0;
  let idle: (() => void) | undefined;

  async function handleQuery(req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
    const context: AnswerContext = {
      res,
      request: readQueryRequest('POST', new URLSearchParams(), req.headers),
      queryId: randomUUID(),
      version: engine.version,
      timezone: engine.timezone,
    };
    try {
      checkOrigin(req, options.password);
      checkPassword(req, url.searchParams, options.password);
      const form = await readForm(req);
      context.request = readQueryRequest(req.method!, new URLSearchParams([...url.searchParams, ...form]), req.headers);
      if (context.request.queryId !== undefined) context.queryId = context.request.queryId;
      const { query, framedRequest } = context.request;
      const body = { query, framed: framedRequest };
      await perform(context, form.length > 0 ? await readTask(emptyBody(req), body) : await readTask(req, body));
    } catch (error) {
      // The rest of the body is taken in, or the client would not read the answer.
      req.resume();
      answerException(context, error);
    }
  }

  async function perform(context: AnswerContext, task: Task): Promise<void> {
    const { queryId } = context;
    if (running.has(queryId)) {
      throw new StoreException(
        216,
        'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING',
        `Query with id = ${queryId} is already running`,
      );
    }
    const tag = `/*${tagPrefix}-${tagCount++}*/`;
    running.set(queryId, tag);
    try {
      if (task.statement.kind === 'insert') await performInsert(context, task, task.statement, tag);
      else await performOther(context, task.statement, tag);
    } finally {
      running.delete(queryId);
      if (running.size === 0) idle?.();
    }
  }

  async function performInsert(
    context: AnswerContext,
    task: Task,
    statement: Statement & { kind: 'insert' },
    tag: string,
  ): Promise<void> {
    const { request } = context;
    const format = statement.format ?? request.format ?? 'Values';
    const setup = writeSetup(request, {});
    const file = await bodies.write(task.data!);
    try {
      // A client that gave up waiting sends the same again, and nobody would tell it that both were written.
      const leave = await writer.enter(watchClient(context.res));
      try {
        const compression = task.dataEncoding === undefined ? '' : `COMPRESSION '${task.dataEncoding}'`;
        const source = `FROM INFILE '${file.path}' ${compression} ${statement.settings}`;
        const written = await sessions.use(request, async (connection) => {
          if (setup !== '') await engine.run(connection, setup);
          if (file.sizeBytes === 0) return { rowsWritten: 0, bytesWritten: 0, elapsed: 0 };
          return engine.insert(connection, `${statement.target}\n${source}\nFORMAT ${format} ${tag}`);
        });
        await answerWhole(context, format, new Uint8Array(0), written);
      } finally {
        leave();
      }
    } finally {
      file.remove();
    }
  }

  async function performOther(
    context: AnswerContext,
    statement: Exclude<Statement, { kind: 'insert' }>,
    tag: string,
  ): Promise<void> {
    const { request } = context;
    const gone = watchClient(context.res);
    const leave = await readers.enter(gone);
    try {
      const limits = statement.kind === 'rows' && statement.limited ? options.readLimits : {};
      const setup = writeSetup(request, limits);
      await sessions.use(request, async (connection) => {
        gone.throwIfAborted();
        switch (statement.kind) {
          case 'rows':
            return performRows(context, connection, setup, statement, tag, gone);
          case 'insert_select': {
            if (setup !== '') await engine.run(connection, setup);
            const written = await engine.insert(connection, `${statement.text}\n${tag}`);
            return answerWhole(context, 'TabSeparated', new Uint8Array(0), written);
          }
          case 'kill':
          case 'command': {
            const format =
              (statement.kind === 'command' ? statement.format : undefined) ?? request.format ?? 'TabSeparated';
            const text = statement.kind === 'kill' ? rewriteKill(statement.text, running) : statement.text;
            const answer = await engine.run(connection, `${setup}${text}\n${tag}`, format);
            return answerWhole(context, format, answer.bytes);
          }
          default:
            statement satisfies never;
        }
      });
    } finally {
      leave();
    }
  }

  async function performRows(
    context: AnswerContext,
    connection: Connection,
    setup: string,
    statement: Statement & { kind: 'rows' },
    tag: string,
    gone: AbortSignal,
  ): Promise<void> {
    const format = statement.format ?? context.request.format ?? 'TabSeparated';
    const pipe = pipes.open();
    let killing: NodeJS.Timeout | undefined;
    const cancel = () => {
      pipe.output.destroy();
      const kill = () => void engine.kill(tag).catch(() => {});
      kill();
      // The engine may not know the statement yet when it is told to end it.
      killing = setInterval(kill, killAgainMs);
    };
    gone.addEventListener('abort', cancel, { once: true });
    const sql = `${setup}${statement.query}\nINTO OUTFILE '${pipe.path}' APPEND FORMAT ${format}${statement.settings}\n${tag}`;
    const done = engine.run(connection, sql).finally(pipe.finish);
    done.catch(() => {});
    try {
      const framed = context.request.protocolVersion > 0 && format.toUpperCase() === 'NATIVE';
      await answerRows(
        context,
        format,
        framed ? frameBlocks(pipe.output, context.request.protocolVersion) : pipe.output,
        done,
      );
    } finally {
      gone.removeEventListener('abort', cancel);
      pipe.output.destroy();
      // The connection and the pipe are free only when the engine has let go of them.
      await pipe.closed;
      clearInterval(killing);
    }
  }

  return {
    handle(req, res) {
      const url = new URL(req.url!, 'http://store');
      switch (url.pathname) {
        case '/ping':
        case '/replicas_status':
          return void res.end('Ok.\n');
        case '/heartbeat':
          engine.ask('SELECT 1').then(
            () => res.end('Ok.\n'),
            () => res.writeHead(500).end(),
          );
          return;
        default:
          if (url.pathname !== '/' || (req.method === 'GET' && url.search === '')) {
            return void (url.pathname === '/' ? res.end('Ok.\n') : res.writeHead(404).end('There is no such path\n'));
          }
          void handleQuery(req, res, url);
      }
    },
    drained: () =>
      running.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            idle = resolve;
          }),
    killAll: () => engine.kill(tagPrefix),
  };
}

/** Aborts when the client goes before it has its answer. */
function watchClient(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort(new StoreException(394, 'QUERY_WAS_CANCELLED', 'The client has gone'));
  });
  return gone.signal;
}

/** A form posted as multipart holds the query and its parameters as fields; anything else has none. */
async function readForm(req: IncomingMessage): Promise<[string, string][]> {
  const type = req.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) return [];
  const body = await readAll(decodeBody(req, readContentEncoding(req), false));
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  return [...form].map(([name, value]) => {
    if (typeof value === 'string') return [name, value];
    throw new StoreException(
      48,
      'NOT_IMPLEMENTED',
      `External table '${name}' is not supported; use a temporary table in a session`,
    );
  });
}

/** The form was the body. */
function emptyBody(req: IncomingMessage): IncomingMessage {
  req.headers['content-encoding'] = 'identity';
  return req;
}

function checkPassword(req: IncomingMessage, fields: URLSearchParams, password: string | undefined): void {
  if (password === undefined) return;
  const basic = /^Basic (.+)$/i.exec(req.headers.authorization ?? '');
  const given =
    req.headers['x-clickhouse-key'] ??
    (basic === null
      ? undefined
      : Buffer.from(basic[1], 'base64')
          .toString()
          .replace(/^[^:]*:/, '')) ??
    fields.get('password');
  if (typeof given === 'string' && timingSafeEqual(digest(given), digest(password))) return;
  const message = 'Authentication failed: password is incorrect, or there is no password';
  throw new StoreException(516, 'AUTHENTICATION_FAILED', message);
}

/** Without a password any web page open on this machine could post SQL to the port. */
function checkOrigin(req: IncomingMessage, password: string | undefined): void {
  const origin = req.headers.origin;
  if (password !== undefined || origin === undefined) return;
  if (URL.canParse(origin) && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(origin).hostname)) return;
  throw new StoreException(
    516,
    'AUTHENTICATION_FAILED',
    `Pages of ${origin} may not use this store without a password`,
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Query ids of clients are unknown to the engine; there a statement is found by its tag. */
function rewriteKill(text: string, running: ReadonlyMap<string, string>): string {
  const rewritten = text.replace(
    /\bquery_id\s*=\s*'([^'\\]*)'/gi,
    (_, id: string) => `position(query, '${running.get(id) ?? id}') > 0`,
  );
  return rewritten === text ? text : rewritten.replace(/\bWHERE\b/i, "WHERE query NOT LIKE 'KILL%' AND");
}
