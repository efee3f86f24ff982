/** Which layout a version of grpc-go has; the numbers are those that DWARF told of programs built with that version. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grpcLayoutOf, grpcLayouts } from './grpc-layouts.ts';

/** Version; Stream.id; whether behind a pointer; the client's transport (pointer of the interface, where it is one); conn of both. */
const measured: readonly [string, number, boolean, number, number, number][] = [
  ['v1.50.0', 0, false, 24, 64, 32],
  ['v1.55.0', 0, false, 24, 136, 32],
  ['v1.59.0', 0, false, 24, 128, 32],
  ['v1.62.0', 0, false, 24, 128, 16],
  ['v1.67.1', 0, false, 32, 128, 16],
  ['v1.72.0', 0, true, 8, 128, 16],
  ['v1.78.0', 108, false, 328, 128, 16],
  ['v1.82.1', 108, false, 328, 128, 16],
  ['v1.83.0', 108, false, 328, 128, 16],
  ['v1.85.0', 108, false, 360, 128, 16],
];

for (const [version, ...expected] of measured) {
  test(`grpc ${version}`, () => {
    const layout = grpcLayouts[grpcLayoutOf(version) - 1]!;
    const { streamId, streamIsPointer, clientTransport, clientConnection, serverConnection } = layout;
    assert.deepEqual([streamId, streamIsPointer, clientTransport, clientConnection, serverConnection], expected);
  });
}

for (const version of ['v1.39.1', 'v1.86.0', 'v2.0.0', '(devel)', '']) {
  test(`no layout for "${version}"`, () => assert.equal(grpcLayoutOf(version), 0));
}
