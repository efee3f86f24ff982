/** Calls that collectors of this kind make to send their data: were they told, each would be new data to send. */
import type { Message } from '../../flow/l7/message.ts';

/**
 * The collector's own processes are not traced; but whoever it sends to may be on this host too, and so may be a second collector.
 * @param agents how user agents of such calls begin
 */
export function createOwnCalls(agents: readonly string[]): (request: Message | null) => boolean {
  return (request) => {
    const agent = request?.textFact('userAgent') ?? '';
    return agent !== '' && agents.some((begin) => agent.startsWith(begin));
  };
}
