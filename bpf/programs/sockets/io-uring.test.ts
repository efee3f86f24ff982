import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { missingPermission, startCapture } from './testing/capture.ts';
import { python } from './testing/python.ts';

/** One request of an operation on a descriptor, through a ring of one entry (io_uring(7); offsets of struct io_uring_params and io_uring_sqe). */
const submit = `
import mmap, struct
def submit(operation, descriptor, address, length):
    params = ctypes.create_string_buffer(120)
    ring = libc.syscall(425, 1, params)
    head, tail, mask, entries, flags, dropped, array = struct.unpack_from('7I', params, 40)
    queue = mmap.mmap(ring, array + 4, mmap.MAP_SHARED)
    entry = mmap.mmap(ring, 64, mmap.MAP_SHARED, offset=0x10000000)
    struct.pack_into('<BBHiQQI', entry, 0, operation, 0, 0, descriptor, 0, address, length)
    struct.pack_into('<I', queue, array, 0)
    struct.pack_into('<I', queue, tail, 1)
    assert libc.syscall(426, ring, 1, 1, 1, None, 0) == 1
text = buffer(b'unseen')
`;

const cases: [name: string, code: string, counted: number][] = [
  ['a send', 'a,b = pair(); submit(26, a.fileno(), ctypes.addressof(text), 6); assert b.recv(9) == b"unseen"', 1],
  ['a write to a socket', 'a,b = pair(); submit(23, a.fileno(), ctypes.addressof(text), 6)', 1],
  ['a write to a file', 'submit(23, os.open("/dev/null", os.O_WRONLY), ctypes.addressof(text), 6)', 0],
  ['nothing', 'submit(0, -1, 0, 0)', 0],
];

const off = readFileSync('/proc/sys/kernel/io_uring_disabled', 'utf8').trim() === '2' && 'io_uring is switched off';

describe('io_uring', { skip: missingPermission() ?? off }, () => {
  for (const [name, code, counted] of cases) {
    test(`${name} ${counted === 0 ? 'leaves no mark' : 'is counted, and marks its process'}`, async () => {
      using capture = startCapture();
      const program = python(`${submit}\n${code}\nx,y = pair(); x.send(b'done'); sys.stdin.readline()`);
      capture.program.setProcess(program.pid, { trace: 'yes' });
      program.start();
      await capture.when(program.pid, ({ payload }) => payload === 'done');
      assert.equal(capture.program.counters().ioUring, counted);
      assert.equal(capture.program.usesIoUring(program.pid), counted > 0);
      program.start();
      await program.end();
    });
  }
});
