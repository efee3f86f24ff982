/** The target of a request in its four forms (RFC 9112 §3.2). */
import { httpDetail } from '../http/detail.ts';
import { firstSegments } from '../http/route.ts';
import type { Message } from '../message.ts';

/** Sets resource, endpoint and, where the target has an authority, the domain. */
export function takeTarget(message: Message, target: string): void {
  if (message.method === 'CONNECT') {
    message.resource = target;
    message.domain = target;
    return;
  }
  const first = target.charCodeAt(0);
  if (first === 0x2f || first === 0x2a) {
    message.resource = target;
    message.endpoint = firstSegments(target);
    return;
  }
  const authority = target.indexOf('://') + 3;
  if (authority < 6) {
    message.resource = target;
    return;
  }
  httpDetail(message).scheme = target.slice(0, authority - 3).toLowerCase();
  let path = authority;
  while (path < target.length && !'/?#'.includes(target[path]!)) path++;
  message.domain = target.slice(
    target.lastIndexOf('@', path) >= authority ? target.lastIndexOf('@', path) + 1 : authority,
    path,
  );
  message.resource = target[path] === '/' ? target.slice(path) : `/${target.slice(path)}`;
  message.endpoint = firstSegments(message.resource);
}
