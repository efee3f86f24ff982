/** SOME/IP: calls, errors, events, segments, service discovery, cookies of TCP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, join, u8, u16, u32 } from '../testing/bytes.ts';
import { callLines, type Exchange, exchange, testConversations } from '../testing/conversation.ts';
import { createTestStream } from '../testing/stream.ts';
import someip from './index.ts';

interface Fields {
  service?: number;
  method?: number;
  session?: number;
  type: number;
  code?: number;
}

function message(
  { service = 0x29, method = 0x5004, session = 171, type, code = 0 }: Fields,
  payload: Buffer = Buffer.alloc(4),
): Buffer {
  return join(u16(service), u16(method), u32(payload.length + 8), u16(1), u16(session), u8(1, 1, type, code), payload);
}

const call = '0x0029/0x5004 server | rpc.system.name=someip rpc.method=0x0029/0x5004';
const ids = (type: string, session = 171): string =>
  `deepflow.someip.message_type=${type} deepflow.someip.client_id=1 deepflow.someip.session_id=${session}`;

const entries = join(hex('01 00 00 10 1234 0001 01 000003 00000000'), hex('06 00 00 10 1234 0001 01 000000 00000001'));
const exchanges: Exchange[] = [
  [
    'a call and its answer',
    [message({ type: 0 })],
    [message({ type: 0x80 }, Buffer.alloc(21))],
    [`${call} ${ids('REQUEST')} rpc.response.status_code=E_OK`],
  ],
  [
    'an error of the server',
    [message({ type: 0, session: 1 })],
    [message({ type: 0x81, code: 1, session: 1 })],
    [`!${call} ${ids('REQUEST', 1)} rpc.response.status_code=E_NOT_OK error.type=E_NOT_OK`],
  ],
  [
    'a mistake of the client is no failure of the server',
    [message({ type: 0, session: 2 })],
    [message({ type: 0x81, code: 3, session: 2 })],
    [`${call} ${ids('REQUEST', 2)} rpc.response.status_code=E_UNKNOWN_METHOD`],
  ],
  [
    'several messages in one datagram, answered in another order',
    [join(message({ type: 0, session: 3 }), message({ type: 0, session: 4 }))],
    [message({ type: 0x80, session: 4 }), message({ type: 0x80, session: 3 })],
    [
      `${call} ${ids('REQUEST', 4)} rpc.response.status_code=E_OK`,
      `${call} ${ids('REQUEST', 3)} rpc.response.status_code=E_OK`,
    ],
  ],
  [
    'events and calls without an answer are one-way',
    [message({ type: 1 })],
    [message({ type: 2, method: 0x8001 })],
    [
      `one_way ${call} ${ids('REQUEST_NO_RETURN')}`,
      `one_way 0x0029/0x8001 server | rpc.system.name=someip rpc.method=0x0029/0x8001 ${ids('NOTIFICATION')}`,
    ],
  ],
  [
    'a call and an answer in segments are one call',
    [
      message({ type: 0x20 }, join(u32(0 | 1), Buffer.alloc(16))),
      message({ type: 0x20 }, join(u32(16), Buffer.alloc(3))),
    ],
    [
      message({ type: 0xa0 }, join(u32(0 | 1), Buffer.alloc(16))),
      message({ type: 0xa0 }, join(u32(16), Buffer.alloc(2))),
    ],
    [`${call} ${ids('REQUEST')} rpc.response.status_code=E_OK`],
  ],
  [
    'service discovery tells what is offered',
    [
      message(
        { service: 0xffff, method: 0x8100, type: 2 },
        join(hex('c0000000'), u32(entries.length), entries, u32(0)),
      ),
    ],
    [],
    [
      `one_way SD OfferService server | rpc.system.name=someip deepflow.someip.discovery=[OfferService 0x1234.0x0001,StopSubscribeEventgroup 0x1234.0x0001] ${ids('OfferService')}`,
    ],
  ],
];

testConversations(someip, exchanges.map(exchange), 3000, [], 'udp');

test('a TCP stream of messages, with magic cookies between them', () => {
  for (const pieces of [1, 7, 1000]) {
    const stream = createTestStream([someip], { pieces });
    stream.client(
      join(message({ type: 0 }), hex('ffff0000 00000008 deadbeef 01010100'), message({ type: 0, session: 9 })),
    );
    stream.server(
      join(hex('ffff8000 00000008 deadbeef 01010200'), message({ type: 0x80, session: 9 }), message({ type: 0x80 })),
    );
    assert.deepEqual(
      callLines(stream).map((line) => line.split('session_id=')[1]),
      ['9 rpc.response.status_code=E_OK', '171 rpc.response.status_code=E_OK'],
    );
  }
});

test('other datagrams are not taken for SOME/IP', () => {
  for (const text of ['GET / HTTP/1.1\r\n\r\n', '\0\x01\0\0\0\x01\0\0\0\0\0\0\x03www\0\0\x01\0\x01', '\0'.repeat(32)]) {
    const stream = createTestStream([someip], { transport: 'udp' });
    stream.client(text);
    assert.equal(stream.calls.length, 0);
    assert.equal(stream.messages.length, 0);
  }
});
