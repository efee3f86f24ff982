/** Which paths become one route. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstSegments, hideValues, routeOf } from './route.ts';

const cases: [string, string][] = [
  ['/', '/'],
  ['*', '*'],
  ['', ''],
  ['/users', '/users'],
  ['/users/', '/users/'],
  ['/users/42', '/users/{id}'],
  ['/users/42/', '/users/{id}/'],
  ['/users/42?page=3', '/users/{id}'],
  ['/v1/oauth2/token', '/v1/oauth2/token'],
  ['/o/123e4567-e89b-12d3-a456-426614174000/x', '/o/{id}/x'],
  ['/blob/deadbeef01', '/blob/{id}'],
  ['/facade/decade', '/facade/decade'],
  ['/day/2024-01-31', '/day/{id}'],
  ['/order-1234/x', '/{id}/x'],
  ['/img/app.3f2a9c81.js', '/img/{id}.js'],
  ['/img/logo.png', '/img/logo.png'],
  ['/t/a8Fk2Zp9', '/t/{id}'],
  ['/u/joe%40example.com', '/u/{id}.com'],
  ['/x/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz', '/x/{id}'],
  ['/1/2/3/4/5/6/7/8/9/10/11/12', '/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/*'],
];

for (const [path, expected] of cases) test(`${path} is ${expected}`, () => assert.equal(routeOf(path), expected));

test('first segments and hidden values', () => {
  assert.equal(firstSegments('/a/b/c?d'), '/a/b');
  assert.equal(firstSegments('/a?b/c/d'), '/a');
  assert.equal(hideValues('a=1&b&c=&=d'), 'a=?&b&c=?&=?');
  assert.equal(hideValues(''), '');
});
