/** Goldens: what the analyser reads in a capture, as text that a person can review: a line a message, and a line a span. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createAnalyser } from '../../analyser.ts';
import type { FlowIdentity } from '../../identity.ts';
import { SpanWriter } from '../../otlp/span-writer.ts';
import { openCaptureFile } from '../../packet/capture-file.ts';
import { createCaptureClock } from '../../packet/clock.ts';
import { PacketDecoder } from '../../packet/decode.ts';
import { Packet } from '../../packet/packet.ts';
import type { Message } from '../message.ts';
import { type ProtocolOptions, plainOptions } from '../options.ts';
import { readSpanText } from './span-text.ts';

/** Times are counted from here: any second before the captures will do. */
const epochSeconds = 1_262_304_000;

/**
 * A test for every capture in a folder: `NAME.pcap` (or `.pcapng`) must give `NAME.golden.txt`. With UPDATE_GOLDEN=1 in the environment the
 * golden is written instead; read it before it is committed.
 */
export function testGoldens(folder: string, options: Partial<ProtocolOptions> = {}): void {
  for (const file of readdirSync(folder).filter((name) => /\.pcap(ng)?$/.test(name))) {
    test(`capture ${file} gives its golden`, async () => {
      const goldenPath = join(folder, file.replace(/\.pcap(ng)?$/, '.golden.txt'));
      const text = await readGolden(join(folder, file), options);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(goldenPath, text);
      assert.ok(
        existsSync(goldenPath),
        `${goldenPath} is missing: run the test with UPDATE_GOLDEN=1 and read what it writes`,
      );
      assert.equal(text, readFileSync(goldenPath, 'utf8'));
    });
  }
}

/** The lines of a capture: a flow when its first message comes, then messages, and the span of each call when it ends. */
export async function readGolden(path: string, options: Partial<ProtocolOptions> = {}): Promise<string> {
  const lines: string[] = [];
  const flows = new Map<FlowIdentity, number>();
  const span = new SpanWriter();
  const clock = createCaptureClock(epochSeconds);
  const analyser = createAnalyser({
    clock,
    version: 'golden',
    hostName: 'golden',
    protocols: { ...plainOptions, ...options },
    onMessage(protocol, { identity }, message) {
      let flow = flows.get(identity);
      if (flow === undefined) {
        flow = flows.size + 1;
        flows.set(identity, flow);
        const { clientAddress, clientPort, serverAddress, serverPort, transport } = identity;
        lines.push(
          `flow ${flow}: ${clientAddress} ${clientPort} > ${serverAddress} ${serverPort} ${transport}, ${protocol.label}`,
        );
      }
      lines.push(`flow ${flow} frame ${message.frame}: ${messageText(message)}`);
    },
    onCall(protocol, { identity }, request, response, outcome) {
      span.reset(true);
      protocol.describe(span, request, response);
      lines.push(`flow ${flows.get(identity) ?? '?'} ${outcome}: ${readSpanText(span)}`);
    },
  });
  const capture = await openCaptureFile(path, { clock });
  const decoder = new PacketDecoder();
  const packet = new Packet();
  while (await capture.fill()) {
    while (capture.next(packet)) if (decoder.decode(packet, capture.linkType)) analyser.packet(packet);
  }
  analyser.close();
  await capture.close();
  return `${lines.join('\n')}\n`;
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
