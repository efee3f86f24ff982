/** Serves the built page from `web/dist`; every path that is not a file is the page itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type RequestHandler, Router } from 'express';
import { notFound } from './answer-error.ts';

const built = fileURLToPath(new URL('../../web/dist', import.meta.url));

/** `directory` holds `index.html` and `assets/`, whose names carry a hash of their content. */
export function servePage(directory = built): Router {
  const router = Router();
  router.use(
    '/assets',
    express.static(join(directory, 'assets'), { immutable: true, maxAge: '365d', index: false }),
    notFound,
  );
  router.use(express.static(directory, { index: false, maxAge: 0 }));
  const index: RequestHandler = (_request, response) => {
    response.setHeader('Cache-Control', 'no-cache');
    if (existsSync(join(directory, 'index.html'))) response.sendFile(join(directory, 'index.html'));
    else response.status(503).type('html').send(notBuilt);
  };
  router.get('/{*path}', index);
  return router;
}

const notBuilt = `<!doctype html><html lang="en"><title>The page is not built</title>
<h1>The page is not built yet</h1>
<p>In the folder of otelcol-deepflow, run</p>
<pre>node_modules/.bin/vite build web</pre>
<p>and reload. The APIs work without it.</p></html>`;
