/**
 * Prints every program that is executed on this host, until Ctrl-C. As root:
 *
 *     clang -O2 -g -target bpf -I/usr/include/$(uname -m)-linux-gnu -c exec.bpf.c -o exec.bpf.o
 *     node exec.ts exec.bpf.o [user id]
 */
import { openObject, openRing, readLayout } from 'libbpfjs';

const [path = 'exec.bpf.o', user] = process.argv.slice(2);
const { fields } = readLayout(path, 'execution');
const [pidAt = 0, userAt = 0, commandAt = 0] = ['pid', 'user', 'command'].map(
  (name) => fields.find((field) => field.name === name)!.offset,
);

const object = openObject(path);
if (user !== undefined) object.setRodata('only_user', Number(user));
object.load();
const ring = openRing(object.map('executions'));
const view = new DataView(ring.data.buffer);
const text = new TextDecoder();
const link = object.program('on_exec').attach({ kind: 'auto' });

ring.onReadable(() => {
  for (let count = ring.claim(); count > 0; count = ring.claim()) {
    for (let i = 0; i < count; i++) {
      const at = ring.offsets[i]!;
      const command = ring.data.subarray(at + commandAt, at + commandAt + 16);
      const name = text.decode(command.subarray(0, command.indexOf(0)));
      console.log(`${view.getUint32(at + pidAt, true)}\t${view.getUint32(at + userAt, true)}\t${name}`);
    }
    ring.release();
  }
});

process.once('SIGINT', () => {
  link.detach();
  ring.close();
  object.close();
});
