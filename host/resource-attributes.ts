/** Reads OTEL_RESOURCE_ATTRIBUTES: `key=value,key=value` with percent-encoded values. */

const maxAttributes = 64;

/** What cannot be read is left out, the rest stays; the last of two equal keys counts. */
export function parseResourceAttributes(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const key = decode(pair.slice(0, equals).trim());
    const value = decode(
      pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    );
    if (key === undefined || value === undefined || key === '') continue;
    if (attributes.size < maxAttributes || attributes.has(key)) attributes.set(key, value);
  }
  return attributes;
}

function decode(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
