/** What is said of Go's HTTP/2 when some of its functions are not in a binary. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tablesReason } from './go-http2.ts';

const own = ['golang.org/x/net/http2.(*Framer).readMetaFrame', 'golang.org/x/net/http2.(*Framer).WriteHeaders'];
const hpack = ['golang.org/x/net/http2/hpack.(*Decoder).Write', 'golang.org/x/net/http2/hpack.(*Encoder).WriteField'];
const reasonOf = (...names: string[]) => tablesReason(new Map(names.map((name) => [name, true])));

test('nothing is missed of HTTP/2 that is there in full, or not at all', () => {
  assert.equal(reasonOf(...own, ...hpack), '');
  assert.equal(reasonOf(...hpack), '');
  assert.equal(reasonOf(), '');
});

test('a function that is not found is named, each package with its own compression', () => {
  assert.match(
    reasonOf(...own, hpack[0]!),
    /may lack fields: golang.org\/x\/net\/http2\/hpack.\(\*Encoder\).WriteField is/,
  );
  assert.match(reasonOf(own[1]!, ...hpack), /may lack fields: golang.org\/x\/net\/http2.\(\*Framer\).readMetaFrame is/);
  const bundled = ['net/http.(*http2Framer).readMetaFrame', 'net/http.(*http2Framer).WriteHeaders'];
  assert.match(
    reasonOf(...bundled, ...hpack),
    /may lack fields: vendor\/golang.org\/x\/net\/http2\/hpack.\(\*Decoder\).Write is/,
  );
});
