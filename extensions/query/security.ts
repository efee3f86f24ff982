/** What keeps other web sites away from a page that has no login: headers, and checks of where a request comes from. */
import type { RequestHandler } from 'express';
import { QueryError } from '../../querier/errors.ts';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** No request of the page leaves for another host, and no other site may frame or read it. */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  next();
};

/**
 * Refuses what a foreign page can make a browser send: requests across sites, and, on a loopback address, requests for
 * another host name (DNS rebinding). Servers such as Grafana send neither header and are let through.
 */
export const guardOrigin: RequestHandler = (request, _response, next) => {
  const site = request.headers['sec-fetch-site'];
  const navigates = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !navigates) {
    throw new QueryError('FORBIDDEN', 'Requests from pages of other sites are refused.');
  }
  const name = hostName(request.headers.host ?? '');
  if (isLoopbackAddress(request.socket.localAddress ?? '') && !isLoopbackName(name)) {
    throw new QueryError(
      'FORBIDDEN',
      `The host name "${name}" is not one of this machine; open http://localhost:${request.socket.localPort ?? ''}`,
    );
  }
  next();
};

function hostName(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.replace(/^::ffff:/, '').startsWith('127.');
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name);
}
