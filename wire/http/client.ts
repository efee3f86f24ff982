/** An HTTP/1.1 client that posts bodies over kept-alive connections. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { ConnectionOptions } from 'node:tls';

export interface HttpClientOptions {
  /** For `https:` addresses. */
  tls: ConnectionOptions;
  maxIdleConnections: number;
  /** 0 is no limit. */
  maxConnections: number;
  idleTimeoutMs: number;
  keepAlives: boolean;
}

export interface HttpPost {
  headers: Record<string, string>;
  /** The body, as pieces that follow each other. */
  body: readonly Uint8Array[];
  signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** The start of the body, at most 64 KiB of it. */
  body: Buffer;
}

export interface HttpClient {
  /** Resolves to whatever the peer answered; rejects when there was no answer. */
  post(url: URL, post: HttpPost): Promise<HttpResponse>;
  close(): void;
}

const maxResponseBytes = 64 * 1024;

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const agentOptions: http.AgentOptions = {
    keepAlive: options.keepAlives,
    maxFreeSockets: options.maxIdleConnections,
    maxSockets: options.maxConnections > 0 ? options.maxConnections : Number.POSITIVE_INFINITY,
    ...(options.idleTimeoutMs > 0 && { timeout: options.idleTimeoutMs }),
  };
  const plain = new http.Agent(agentOptions);
  const secure = new https.Agent({ ...agentOptions, ...options.tls });

  function send(url: URL, post: HttpPost, retried: boolean): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      let sizeBytes = 0;
      for (const piece of post.body) sizeBytes += piece.length;
      const target = {
        method: 'POST',
        headers: { ...post.headers, 'content-length': sizeBytes },
        ...(post.signal && { signal: post.signal }),
      };
      const request =
        url.protocol === 'https:'
          ? https.request(url, { ...target, agent: secure })
          : http.request(url, { ...target, agent: plain });
      request.on('response', (response) => readResponse(response).then(resolve, reject));
      request.on('error', (error: NodeJS.ErrnoException) => {
        // A peer may close an idle connection at the very moment it is used again: nothing was handled, so once more.
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (stale && !retried && !post.signal?.aborted) send(url, post, true).then(resolve, reject);
        else reject(error);
      });
      request.cork();
      for (const piece of post.body) request.write(piece);
      request.end();
      request.uncork();
    });
  }

  return {
    post: (url, post) => send(url, post, false),
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

async function readResponse(response: http.IncomingMessage): Promise<HttpResponse> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const room = maxResponseBytes - length;
    if (room > 0) chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    length += chunk.length;
  }
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) };
}
