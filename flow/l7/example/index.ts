/** Example, a protocol that nobody speaks and no collector looks for: `npm run new protocol NAME` copies this folder. */
import type { Input } from '../input.ts';
import type { Protocol, Verdict } from '../protocol.ts';
import { startsWith } from '../text.ts';
import { describeExample } from './describe.ts';
import { ExampleParser, headBytes, kinds, magic } from './parser.ts';

const example: Protocol = {
  name: 'example',
  label: 'Example',
  transports: ['tcp'],
  ports: [29999],
  probe,
  createParser: (session) => new ExampleParser(session),
  describe: describeExample,
};

export default example;

/** Strict: a wrong yes makes spans that never were. */
function probe({ bytes, start, end, full }: Input): Verdict {
  if (!startsWith(bytes, start, end, magic.slice(0, end - start))) return 'no';
  if (end - start < headBytes) return full ? 'no' : 'more';
  switch (bytes[start + 4]) {
    case kinds.request:
      return 'client';
    case kinds.answer:
      return 'server';
    default:
      return 'no';
  }
}
