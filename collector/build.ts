/** Name and version of this program. */
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
  description: string;
};

export const build = { name: 'otelcol-deepflow', version: manifest.version, description: manifest.description };
