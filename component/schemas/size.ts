/** Sizes in YAML: `64MiB`, `512KiB` or a plain number of bytes; inside the program they are bytes. */
import { z } from 'zod';

const unitsBytes: Record<string, number> = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  KB: 1e3,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/** Bytes of a size text, or undefined when it is none. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim());
  const unit = match && unitsBytes[match[2]!];
  return unit ? Math.round(Number(match[1]) * unit) : undefined;
}

const anySize = z.union([z.string(), z.number()]).transform((value, context) => {
  const sizeBytes = typeof value === 'string' ? parseSize(value) : value;
  if (sizeBytes === undefined || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    context.issues.push({
      code: 'custom',
      input: value,
      message: `"${value}" is not a size; write bytes, or a number with a unit, such as 512KiB or 64MiB`,
    });
    return z.NEVER;
  }
  return sizeBytes;
});

/** A size option; the output is bytes. `size('64MiB')` has that default, `size()` none. */
export function size(): typeof anySize;
export function size(defaultText: string): z.ZodPrefault<typeof anySize>;
export function size(defaultText?: string): typeof anySize | z.ZodPrefault<typeof anySize> {
  return defaultText === undefined ? anySize : anySize.prefault(defaultText);
}
