/** Goldens: what the analyser reads in a capture, as text that a person can review: a line a message, and a line a span. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FlowIdentity } from '../../identity.ts';
import { FlowTable } from '../../l4/flow-table.ts';
import { defaultFlowOptions } from '../../l4/options.ts';
import { hostResource } from '../../otlp/resource.ts';
import { SpanWriter } from '../../otlp/span-writer.ts';
import { openCaptureFile } from '../../packet/capture-file.ts';
import { createCaptureClock } from '../../packet/clock.ts';
import { PacketDecoder } from '../../packet/decode.ts';
import { Packet } from '../../packet/packet.ts';
import { tunnelName } from '../../packet/tunnels.ts';
import { Analysis } from '../analysis.ts';
import { Connection } from '../connection.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import type { Protocol } from '../protocol.ts';
import { protocols } from '../protocols.ts';
import { plainOptions } from './plain-options.ts';
import { readSpanText } from './span-text.ts';

/** Times are counted from here: any second before the captures will do. */
const epochSeconds = 1_262_304_000;

/**
 * A test for every capture in a folder: `NAME.pcap` (or `.pcapng`) must give `NAME.golden.txt`. With UPDATE_GOLDEN=1 in the environment the
 * golden is written instead; read it before it is committed.
 */
export function testGoldens(protocol: Protocol, folder: string, options: Partial<ProtocolOptions> = {}): void {
  for (const file of readdirSync(folder).filter((name) => /\.pcap(ng)?$/.test(name))) {
    test(`capture ${file} gives its golden`, async () => {
      const goldenPath = join(folder, file.replace(/\.pcap(ng)?$/, '.golden.txt'));
      const text = await readGolden(protocol, join(folder, file), options);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(goldenPath, text);
      assert.ok(
        existsSync(goldenPath),
        `${goldenPath} is missing: run the test with UPDATE_GOLDEN=1 and read what it writes`,
      );
      assert.equal(text, readFileSync(goldenPath, 'utf8'));
    });
  }
}

/**
 * The lines of a capture: a flow when its first message comes, then messages, and the span of each call when it ends. All protocols are looked
 * for, as in a real collector, and `protocol` even if it is not in the list.
 */
export async function readGolden(
  protocol: Protocol,
  path: string,
  options: Partial<ProtocolOptions> = {},
): Promise<string> {
  const lines: string[] = [];
  const numbers = new Map<FlowIdentity, number>();
  const span = new SpanWriter();
  const clock = createCaptureClock(epochSeconds);
  const analysis = new Analysis(
    protocols.includes(protocol) ? protocols : [protocol, ...protocols],
    { ...plainOptions, ...options },
    ({ describe }, { identity }, request, response, outcome) => {
      span.reset(true);
      describe(span, request, response);
      lines.push(`flow ${numbers.get(identity)} ${outcome}: ${readSpanText(span)}`);
    },
    ({ label }, { identity }, message) => {
      let number = numbers.get(identity);
      if (number === undefined) {
        number = numbers.size + 1;
        numbers.set(identity, number);
        lines.push(`flow ${number}: ${identityText(identity)}, ${label}`);
      }
      lines.push(`flow ${number} frame ${message.frame}: ${messageText(message)}`);
    },
  );
  const flows = new FlowTable({
    ...defaultFlowOptions,
    clock,
    connect: (identity) => new Connection(identity, analysis),
    tunnelName,
    resource: () => hostResource('golden'),
    scopeVersion: 'golden',
  });
  const capture = await openCaptureFile(path, { clock });
  const decoder = new PacketDecoder();
  const packet = new Packet();
  while (await capture.fill()) {
    while (capture.next(packet)) if (decoder.decode(packet, capture.linkType)) flows.packet(packet);
  }
  flows.close();
  await capture.close();
  return `${lines.join('\n')}\n`;
}

function identityText({ clientAddress, clientPort, serverAddress, serverPort, transport }: FlowIdentity): string {
  return `${clientAddress} ${clientPort} > ${serverAddress} ${serverPort} ${transport}`;
}

/** `> request METHOD RESOURCE key=value …`: only what is known. */
function messageText(message: Message): string {
  const { kind, side, method, resource, id, version, statusCode, status, error, sizeBytes, trace, complete } = message;
  const parts = [side === 0 ? '>' : '<', kind, method, shorten(resource)].filter((part) => part !== '');
  const facts = [...(message.facts ?? [])].map(([name, value]) => `${name}=${shorten(String(value))}`);
  for (const [name, value] of Object.entries({ id, version, statusCode, status, error: shorten(error) })) {
    if (value !== '') parts.push(`${name}=${value}`);
  }
  parts.push(...facts);
  if (trace !== null) parts.push(`trace=${trace.format}:${trace.traceId}/${trace.spanId}`);
  parts.push(`${sizeBytes} B${complete ? '' : ' (cut)'}`);
  return parts.join(' ');
}

/** Long texts in part, and each in one line. */
function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= 200 ? line : `${line.slice(0, 200)}…`;
}
