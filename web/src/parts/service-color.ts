/** A colour for each service, always the same for one name; the name always stands beside it. */

/** Hues that differ for most eyes; red is left to trouble. */
const hues = [212, 168, 268, 42, 190, 312, 88, 236, 128, 290, 60, 148, 28];
/** Saturation and lightness, readable as a bar on light and on dark. */
const shades = ['58% 52%', '42% 40%', '62% 64%'];

export function serviceColor(service: string): string {
  let hash = 2166136261;
  for (let at = 0; at < service.length; at++) hash = Math.imul(hash ^ service.charCodeAt(at), 16777619) >>> 0;
  // The low bits of this hash alone are alike for words of one length.
  hash = Math.imul(hash ^ (hash >>> 15), 2246822519) >>> 0;
  return `hsl(${hues[hash % hues.length]} ${shades[(hash >>> 16) % shades.length]})`;
}
