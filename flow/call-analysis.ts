/** Streams in, calls as spans out: what packets and system calls have in common, joined once. */
import { CallWriter } from './calls/call-writer.ts';
import { tally } from './calls/tally.ts';
import { Analysis, type FailureHandler, type ProtocolCallSink, type ProtocolMessageTap } from './l7/analysis.ts';
import type { Message } from './l7/message.ts';
import type { ProtocolOptions } from './l7/options.ts';
import { protocols } from './l7/protocols.ts';
import type { CaptureClock } from './packet/clock.ts';

export interface CallAnalysisOptions {
  clock: CaptureClock;
  /** Version of the collector, for the instrumentation scope; name of this host, for resources. */
  version: string;
  hostName: string;
  protocols: ProtocolOptions;
  /** Calls of which this is false leave no trace; without it all are wanted. */
  isWanted?: ((request: Message | null) => boolean) | undefined;
  /** Sees every call, every message. */
  onCall?: ProtocolCallSink | undefined;
  onMessage?: ProtocolMessageTap | undefined;
  /** Hears of mistakes in parsers, each of which costs one connection or one call; without it they are thrown. */
  onFailure?: FailureHandler | undefined;
}

/** Connections are made with `analysis`; what their calls become waits in `calls`. One is one thread's. */
export interface CallAnalysis {
  readonly analysis: Analysis;
  readonly calls: CallWriter;
}

export function createCallAnalysis(options: CallAnalysisOptions): CallAnalysis {
  const { clock, version, hostName, isWanted, onCall } = options;
  const calls = new CallWriter({ clock, version, hostName });
  const sink: ProtocolCallSink = (protocol, session, request, response, outcome) => {
    if (isWanted?.(request) === false) return;
    tally(session.identity, request, response, outcome);
    try {
      calls.write(protocol, session, request, response, outcome);
    } catch (error) {
      analysis.fail(error, protocol.name);
    }
    onCall?.(protocol, session, request, response, outcome);
  };
  const analysis = new Analysis(
    protocols,
    options.protocols,
    sink,
    options.onMessage ?? null,
    options.onFailure ?? null,
  );
  return { analysis, calls };
}
