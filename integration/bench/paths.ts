/** Where the bench keeps what it builds and writes; all of it below .cache, which git ignores. */
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');
export const benchDirectory = join(root, 'integration', 'bench');
export const cacheDirectory = join(root, '.cache', 'bench');
export const resultsDirectory = join(cacheDirectory, 'results');
export const ourCollector = join(root, 'bin', 'otelcol-deepflow');
