/**
 * One request and its answer on the HTTP server:
 *
 *     reading ──body complete──► handling ──handler settled──► answered ──response taken──► (gone)
 *        └── refused, oversized, no progress ──┘
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyCollector } from './body.ts';
import { HttpFailure } from './failure.ts';
import type { BodyHandler, HttpHead, HttpReply, HttpServerOptions } from './server.ts';

/** An unwanted body is read and thrown away up to this size, so that its sender sees the answer instead of a reset. */
const discardBytes = 2 ** 20;

export class HttpExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: HttpServerOptions;
  readonly #head: HttpHead;
  readonly #body: BodyCollector;
  readonly #startedMs: number;
  #progressMs: number;
  #discardedBytes: number;
  #handler: BodyHandler | undefined;
  #state: 'reading' | 'handling' | 'answered';

  constructor(request: IncomingMessage, response: ServerResponse, options: HttpServerOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    const url = request.url!;
    const query = url.indexOf('?');
    this.#head = {
      method: request.method!,
      path: query < 0 ? url : url.slice(0, query),
      headers: request.headers,
    };
    this.#body = new BodyCollector(options.maxRequestBodyBytes, options.budget, options.encodings);
    this.#startedMs = Date.now();
    this.#progressMs = this.#startedMs;
    this.#discardedBytes = 0;
    this.#handler = undefined;
    this.#state = 'reading';
  }

  /** Starts reading; everything else follows from events. */
  run(): void {
    this.#response.on('close', () => this.#closed());
    const preflight = this.#options.cors?.preflight(this.#head);
    if (preflight) {
      this.#answer(preflight);
      return;
    }
    try {
      this.#handler = this.#options.route(this.#head);
      this.#body.open(this.#head.headers);
    } catch (error) {
      this.#fail(error);
    }
    this.#request.on('data', (chunk: Buffer) => this.#push(chunk));
    this.#request.on('end', () => this.#end());
    this.#request.on('error', () => {});
  }

  /** Ends the exchange when it is too slow. */
  sweep(nowMs: number): void {
    const { bodyIdleTimeoutMs, writeTimeoutMs } = this.#options;
    const idle = nowMs - this.#progressMs > bodyIdleTimeoutMs;
    const overdue = writeTimeoutMs > 0 && nowMs - this.#startedMs > writeTimeoutMs;
    if (overdue || (idle && this.#state === 'answered')) {
      this.#request.destroy();
    } else if (idle && this.#state === 'reading') {
      this.#fail(new HttpFailure(408, `the request made no progress for ${bodyIdleTimeoutMs} ms`));
      this.#response.once('finish', () => this.#request.destroy());
    }
  }

  #push(chunk: Buffer): void {
    this.#progressMs = Date.now();
    if (this.#state !== 'reading') {
      this.#discardedBytes += chunk.length;
      if (this.#discardedBytes > discardBytes) this.#request.destroy();
      return;
    }
    try {
      this.#body.push(chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  #end(): void {
    if (this.#state !== 'reading') return;
    this.#state = 'handling';
    this.#handle().then(
      (reply) => {
        this.#body.release();
        this.#answer(reply);
      },
      (error) => {
        this.#body.release();
        this.#fail(error);
      },
    );
  }

  async #handle(): Promise<HttpReply> {
    const body = await this.#body.read();
    return this.#handler!(body);
  }

  #fail(error: unknown): void {
    if (this.#state === 'reading') this.#body.release();
    const failure =
      error instanceof HttpFailure ? error : new HttpFailure(500, String((error as Error).message), { cause: error });
    const reply = this.#options.writeFailure(failure, this.#head);
    if (failure.retryAfterMs === undefined) this.#answer(reply);
    else
      this.#answer({
        ...reply,
        headers: { ...reply.headers, 'retry-after': String(Math.ceil(failure.retryAfterMs / 1000)) },
      });
  }

  #answer(reply: HttpReply): void {
    if (this.#response.destroyed || this.#state === 'answered') return;
    this.#state = 'answered';
    this.#progressMs = Date.now();
    const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
    this.#response.writeHead(reply.status, {
      ...this.#options.responseHeaders,
      ...this.#options.cors?.headers(this.#head),
      ...reply.headers,
      'content-length': body.length,
    });
    this.#response.end(body);
  }

  #closed(): void {
    if (this.#state === 'reading') this.#body.release();
    if (this.#state !== 'handling') this.#state = 'answered';
  }
}
