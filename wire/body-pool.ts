/**
 * Memory of request bodies, used again instead of left to the garbage collector.
 *
 * A body is hundreds of kilobytes outside V8's heap; leaving them to it made it collect its whole heap every 15 MB
 * received (40 % of the CPU of a forwarding collector) and keep 200 MB more resident. Whoever knows to be a body's last
 * reader gives it back; a body that nobody gives back is collected as ever.
 */

interface Block {
  bytes: Buffer;
  sizeClass: SizeClass;
  free: boolean;
}

interface SizeClass {
  sizeBytes: number;
  free: Block[];
  /** Fewest free blocks since the last trim: what the load of that time did without. */
  idle: number;
}

const smallest = 1024;
const largest = 8 * 1024 * 1024;
/** Free memory that is kept for reuse, per thread. */
const maxFreeBytes = 16 * 1024 * 1024;
const trimMs = 5000;

const classes = new Map<number, SizeClass>();
const blocks = new WeakMap<ArrayBufferLike, Block>();
/** Memory of others that is given back to them. */
const lent = new WeakMap<ArrayBufferLike, () => void>();
let freeBytes = 0;
let trimming: NodeJS.Timeout | undefined;

/** A buffer of `length` bytes with unknown content. */
export function takeBody(length: number): Buffer {
  if (length < smallest || length > largest) return Buffer.allocUnsafeSlow(length);
  const sizeClass = classOf(length);
  let block = sizeClass.free.pop();
  if (block === undefined) {
    block = { bytes: Buffer.allocUnsafeSlow(sizeClass.sizeBytes), sizeClass, free: false };
    blocks.set(block.bytes.buffer, block);
  } else {
    freeBytes -= sizeClass.sizeBytes;
    block.free = false;
    if (sizeClass.free.length < sizeClass.idle) sizeClass.idle = sizeClass.free.length;
  }
  return length === sizeClass.sizeBytes ? block.bytes : block.bytes.subarray(0, length);
}

/** Takes back a buffer of {@link takeBody} that nobody will read again; false for any other, which is left alone. */
export function giveBody(body: Uint8Array): boolean {
  const onGiven = lent.get(body.buffer);
  if (onGiven !== undefined) {
    lent.delete(body.buffer);
    onGiven();
    return true;
  }
  const block = blocks.get(body.buffer);
  if (block === undefined || block.free || freeBytes + block.sizeClass.sizeBytes > maxFreeBytes) return false;
  keep(block);
  return true;
}

/** Whether the bytes are alone in memory of {@link takeBody}, which then may move to another thread. */
export function isBody({ buffer }: Uint8Array): boolean {
  return blocks.get(buffer)?.free === false;
}

/** Memory of {@link takeBody} that was in another thread and has come back; any other is left alone. */
export function adoptBody(memory: ArrayBuffer): void {
  const sizeBytes = memory.byteLength;
  if (sizeBytes < smallest || sizeBytes > largest || freeBytes + sizeBytes > maxFreeBytes || blocks.has(memory)) return;
  const sizeClass = classOf(sizeBytes);
  if (sizeClass.sizeBytes !== sizeBytes) return;
  const block = { bytes: Buffer.from(memory), sizeClass, free: false };
  blocks.set(memory, block);
  keep(block);
}

/** Who gives these bytes back gives them to `onGiven`: they are another thread's, which wants them again. */
export function lendBody({ buffer }: Uint8Array, onGiven: () => void): void {
  lent.set(buffer, onGiven);
}

function keep(block: Block): void {
  block.free = true;
  block.sizeClass.free.push(block);
  freeBytes += block.sizeClass.sizeBytes;
  trimming ??= setInterval(trim, trimMs).unref();
}

/** Eight classes to a doubling: at most an eighth of a block is unused. */
function classOf(length: number): SizeClass {
  const step = Math.max(smallest / 8, 2 ** (28 - Math.clz32(length - 1)));
  const sizeBytes = Math.ceil(length / step) * step;
  let found = classes.get(sizeBytes);
  if (found === undefined) {
    found = { sizeBytes, free: [], idle: 0 };
    classes.set(sizeBytes, found);
  }
  return found;
}

/** Lets go of the blocks that were free all the time since the last trim. */
function trim(): void {
  for (const sizeClass of classes.values()) {
    freeBytes -= sizeClass.free.splice(0, sizeClass.idle).length * sizeClass.sizeBytes;
    sizeClass.idle = sizeClass.free.length;
    if (sizeClass.idle === 0) classes.delete(sizeClass.sizeBytes);
  }
  if (freeBytes > 0) return;
  clearInterval(trimming);
  trimming = undefined;
}
