/** LowCardinality columns of one letter per row. */
import type { Bytes } from './bytes.ts';
import { codeScratch, newDictionary, writeCodes, writeLowCardinalityPrefix } from './strings.ts';

/** A LowCardinality(String) column with its prefix: for each row `letters[numbers[row]]`. */
export function writeLetters(out: Bytes, numbers: Uint8Array, letters: Uint8Array, rows: number): void {
  writeLowCardinalityPrefix(out);
  writeLetterCodes(out, numbers, letters, rows);
}

/** As {@link writeLetters}, without the prefix: for columns inside an Array. */
export function writeLetterCodes(out: Bytes, numbers: Uint8Array, letters: Uint8Array, rows: number): void {
  const keys = newDictionary(numbers);
  const codes = codeScratch(rows);
  for (let row = 0; row < rows; row++) codes[row] = keys.code(row, 1);
  writeCodes(out, numbers, keys, codes, rows, letters);
}
