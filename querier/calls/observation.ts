/** One call is seen at several points on its way; figures are those of one of them. */

/**
 * Best first: on the wire before an SDK, which may sample; at the server before elsewhere, because it has all clients. '' is
 * a span of an SDK, where no point is stored.
 */
const order = [
  's-p',
  's',
  'local',
  's-nd',
  's-hv',
  's-gw-hv',
  's-gw',
  'rest',
  'c-gw',
  'c-gw-hv',
  'c-hv',
  'c-nd',
  'c',
  'c-p',
  's-app',
  '',
  'app',
  'c-app',
];

/** Points of processes and of SDKs. */
export const notPackets = ['s-p', 'c-p', 's-app', 'c-app', 'app', ''];

/** SQL: the rank of an observation point, the best the smallest. Points of names we do not know come last. */
export function pointRank(column: string): string {
  const names = order.map((point) => `'${point}'`).join(', ');
  return `transform(CAST(${column}, 'String'), [${names}], [${order.map((_, rank) => rank).join(', ')}], ${order.length})`;
}
