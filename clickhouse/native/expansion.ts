/**
 * How much larger than its wire form a batch may become.
 *
 * OTLP says the attributes of a resource once, and a stack once, for any number of rows; a stored row repeats them. For
 * real data that is a factor of two or three; a hostile message of 20 MB could claim terabytes. Past the budget rows
 * are stored without what they would repeat.
 */
export function expansionBudget(wireBytes: number): number {
  return 64 * 1024 * 1024 + 32 * wireBytes;
}
