/** How requests and responses find each other, and what happens to those that do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Message, type MessageKind } from './message.ts';
import { type Outcome, Session } from './session.ts';
import { plainOptions } from './testing/plain-options.ts';
import { createTestStream, type TestStream, testIdentity } from './testing/stream.ts';
import { toy } from './testing/toy.ts';
import { Waiting } from './waiting.ts';

const outcomes = ({ calls }: TestStream): string[] =>
  calls.map(({ outcome, request, response }) => `${request?.method ?? '-'} ${response?.method ?? '-'} ${outcome}`);

test('pairs responses without ids in the order of the requests', () => {
  const stream = createTestStream([toy]);
  stream.client('Q2a1Q2b2');
  stream.server('R2a1R2b2');
  assert.deepEqual(outcomes(stream), ['a1 a1 answered', 'b2 b2 answered']);
});

test('pairs responses by id, whatever their order', () => {
  const stream = createTestStream([toy]);
  stream.client('Q3#1aQ3#2b');
  stream.server('R3#2yR3#1x');
  assert.deepEqual(outcomes(stream), ['#2b #2y answered', '#1a #1x answered']);
});

test('a request whose id is used again was not answered', () => {
  const stream = createTestStream([toy]);
  stream.client('Q3#1aQ3#1b');
  stream.server('R3#1x');
  assert.deepEqual(outcomes(stream), ['#1a - unanswered', '#1b #1x answered']);
});

test('several responses make one call, from the first byte of the first to the last of the last', () => {
  const stream = createTestStream([toy]);
  stream.client('Q2aa');
  stream.server('M2xx');
  stream.server('R2yy');
  assert.deepEqual(outcomes(stream), ['aa yy answered']);
  const { request, response } = stream.calls[0]!;
  assert.equal(response!.timeNs - request!.startNs, 1e6);
  assert.equal(response!.endNs - request!.startNs, 2e6);
});

test('gives a request up after its time, and does not give its late answer to the next', () => {
  const stream = createTestStream([toy]);
  stream.client('Q2aa');
  stream.wait(121);
  stream.client('Q2bb');
  stream.server('R2xxR2yy');
  assert.deepEqual(outcomes(stream), ['aa - timeout', 'bb yy answered']);
});

test('a response that nobody asked for is a call of its own', () => {
  const stream = createTestStream([toy]);
  stream.server('R2xx');
  assert.deepEqual(outcomes(stream), ['- xx unmatched_response']);
});

test('after lost bytes pairs nothing by order until the connection has turned', () => {
  const stream = createTestStream([toy]);
  stream.client('Q2aa');
  stream.gap(1, 4);
  stream.client('Q2cc');
  stream.server('R2xxR2yyR2zz');
  stream.client('Q2dd');
  stream.server('R2ww');
  assert.deepEqual(outcomes(stream), [
    'aa - unanswered',
    'cc - unanswered',
    '- xx unmatched_response',
    '- yy unmatched_response',
    '- zz unmatched_response',
    'dd ww answered',
  ]);
});

/** A client that keeps two requests on the way: `count` of them and their answers, from that number on; the last request waits. */
function overlap(stream: TestStream, from: number, count: number): void {
  for (let number = from; number < from + count; number++) {
    stream.client(`Q2${number + 1}`);
    stream.server(`R2${number}`);
  }
}

test('where requests overlap with answers to others, no turn is believed after lost bytes until nothing has moved for a second', () => {
  const stream = createTestStream([toy]);
  stream.client('Q210');
  overlap(stream, 10, 5);
  stream.gap(1, 4);
  const before = stream.calls.length;
  overlap(stream, 16, 20);
  assert.ok(stream.calls.slice(before).every(({ outcome }) => outcome !== 'answered'));
  stream.server('R236');
  stream.client('Q240');
  stream.wait(2);
  stream.client('Q250');
  stream.server('R250');
  assert.equal(outcomes(stream).at(-1), '50 50 answered');
});

test('batches, each answered before the next, are paired again with the next one', () => {
  const stream = createTestStream([toy]);
  for (let batch = 1; batch < 4; batch++) {
    stream.client(`Q2${batch}aQ2${batch}bQ2${batch}c`);
    stream.server(`R2${batch}aR2${batch}b`);
    if (batch === 1) stream.server('R21c');
    // The last answer of the second batch is lost, as is seen by the first of the third.
    else if (batch === 2) stream.client('Q23a');
    if (batch === 2) stream.gap(1, 4);
  }
  stream.client('Q24a');
  stream.server('R24a');
  assert.equal(outcomes(stream).at(-1), '4a 4a answered');
});

test('what waits when the connection ends is unanswered', () => {
  const stream = createTestStream([toy]);
  stream.client('Q2aaQ3#1b');
  stream.close();
  assert.deepEqual(outcomes(stream).sort(), ['#1b - unanswered', 'aa - unanswered']);
});

test('a bounded number waits: a client that never gets an answer costs a bounded amount', () => {
  const stream = createTestStream([toy]);
  for (let round = 0; round < 5000; round++) stream.client('Q2aa');
  assert.ok(stream.calls.length >= 4096);
});

test('a request whose body still comes is answered, and an answer under way does not time out', () => {
  const stream = createTestStream([toy]);
  stream.client('B99');
  stream.server('R2xx');
  assert.deepEqual(outcomes(stream), ['body xx answered']);
  assert.equal(stream.calls[0]!.request!.complete, false);
  stream.client('Q2bb'.padStart(994, '-'));
  stream.server('M2yy');
  stream.wait(1000);
  stream.server('R2zz');
  assert.deepEqual(outcomes(stream), ['body xx answered', 'bb zz answered']);
});

test('requests before a gap among the requests still get their answers', () => {
  const stream = createTestStream([toy]);
  stream.client('Q2aa');
  stream.gap(0, 10);
  stream.client('Q2cc');
  stream.server('R2aa');
  stream.client('Q2dd');
  stream.server('R2dd');
  assert.deepEqual(outcomes(stream), ['cc - unanswered', 'aa aa answered', 'dd dd answered']);
});

test('what came of a message before a gap is offered as all there is', () => {
  const stream = createTestStream([toy]);
  stream.client('Q2aaQ9b');
  stream.gap(0, 8);
  stream.client('Q2cc');
  assert.deepEqual(
    stream.messages.map(({ method }) => method),
    ['aa', 'cc'],
  );
  assert.equal(stream.analysis.counters.lost, 0);
});

test('the texts of requests that wait are bounded: the oldest are given up, and their places in the queue hold none', () => {
  const waiting = new Waiting(120, 65_536);
  const ended: [request: Message | null, outcome: Outcome][] = [];
  const identity = testIdentity('tcp', 1234);
  const session = new Session(
    identity,
    plainOptions,
    waiting,
    (_, request, _response, outcome) => ended.push([request, outcome]),
    null,
  );
  const say = (kind: MessageKind, resource: string): void => {
    const message = new Message(kind, kind === 'request' ? 0 : 1, 0, 0, 0, 0, 0);
    message.resource = resource;
    session.emit(message);
    session.settle(message.side, 0, 0, false);
  };
  for (let count = 0; count < 40; count++) say('request', 'x'.repeat(1 << 20));
  assert.deepEqual([waiting.size, waiting.evicted, waiting.textLength], [16, 24, 16 << 20]);
  assert.ok(ended.every(([request, outcome]) => outcome === 'unanswered' && request!.resource === ''));
  for (let count = 0; count < 25; count++) say('response', '');
  assert.equal(ended.length, 25);
  assert.deepEqual([ended[24]![1], ended[24]![0]!.resource.length], ['answered', 1 << 20]);
  session.close();
  assert.deepEqual([waiting.size, waiting.textLength], [0, 0]);
});
