/** Puts framework-free query routes onto an Express router. */
import { pipeline } from 'node:stream/promises';
import { type Request, type Response, Router } from 'express';
import { QueryError } from '../../querier/errors.ts';
import type { Answer, Route } from '../../querier/route.ts';
import type { Store } from '../../querier/store/store.ts';

export function mount(routes: readonly Route[], store: Store): Router {
  const router = Router();
  for (const route of routes) {
    const serve = (request: Request, response: Response) => answer(route, store, request, response);
    if (route.method === 'GET') router.get(route.path, serve);
    else router.post(route.path, serve);
  }
  // What is left came with another method.
  for (const { path, method } of routes) {
    router.all(path, (request) => {
      const asked = request.originalUrl.split('?')[0];
      throw new QueryError('BAD_REQUEST', `${asked} answers ${method}, and this was ${request.method}`);
    });
  }
  return router;
}

async function answer(route: Route, store: Store, request: Request, response: Response): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const result = await route.handle({
    store,
    query: new URL(request.originalUrl, 'http://localhost').searchParams,
    path: request.params as Record<string, string>,
    body: typeof request.body === 'string' ? request.body : '',
    accept: request.headers.accept ?? '',
    nowMs: Date.now(),
    signal: gone.signal,
  });
  if (!gone.signal.aborted) await send(result, response, gone.signal);
}

async function send(answer: Answer, response: Response, signal: AbortSignal): Promise<void> {
  response.setHeader('Cache-Control', 'no-store');
  switch (answer.kind) {
    case 'json':
      response.json(answer.body);
      return;
    case 'text':
      response.type('text/plain').send(answer.body);
      return;
    case 'bytes':
      response.setHeader('Content-Type', answer.contentType);
      response.end(answer.body);
      return;
    case 'stream':
      response.setHeader('Content-Type', answer.contentType);
      // When the reader goes away in the middle there is nobody left to tell.
      await pipeline(answer.body, response).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      return;
    default:
      throw answer satisfies never;
  }
}
