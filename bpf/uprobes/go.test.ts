/** Checks the points in Go's code against binaries built here: plain, stripped, and position-independent. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ElfError, type Section, withElf } from '../elf/file.ts';
import { readGoBuildInfo } from '../elf/go-build-info.ts';
import { findGoFunctions } from '../elf/gopclntab.ts';
import { hpackField, hpackTable } from '../programs/tls/probes.gen.ts';
import { buildGo, hasProgram, temporaryFolder } from '../testing/builds.ts';
import { executionAt } from '../testing/execution.ts';
import { type GoPoints, goPoints } from './go.ts';
import { goFields, goroutineOffsets, offsetsInCode } from './go-offsets.ts';
import { functionBytes } from './point.ts';

const source = `package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
)

func main() {
	server := &http.Server{Addr: "127.0.0.1:0", TLSConfig: &tls.Config{}}
	_, err := http.Get("http://127.0.0.1:1")
	fmt.Println(server, err, server.ListenAndServeTLS("", ""))
}
`;

/** Prints the offset of every field of every struct that a binary's DWARF describes. */
const dwarfReader = `package main

import (
	"debug/dwarf"
	"debug/elf"
	"encoding/json"
	"os"
)

func main() {
	file, _ := elf.Open(os.Args[1])
	data, _ := file.DWARF()
	offsets := map[string]int64{}
	structure := ""
	for reader := data.Reader(); ; {
		entry, err := reader.Next()
		if entry == nil || err != nil {
			break
		}
		name, _ := entry.Val(dwarf.AttrName).(string)
		if entry.Tag == dwarf.TagStructType {
			structure = name
		} else if at, ok := entry.Val(dwarf.AttrDataMemberLoc).(int64); ok && entry.Tag == dwarf.TagMember {
			offsets[structure+" "+name] = at
		}
	}
	json.NewEncoder(os.Stdout).Encode(offsets)
}
`;

const hpack = 'vendor/golang.org/x/net/http2/hpack';

const kinds: [name: string, flags: string[]][] = [
  ['plain', []],
  ['stripped', ['-ldflags', '-s -w']],
  ['independent', ['-buildmode=pie', '-ldflags', '-s -w']],
];

describe('Go', { skip: hasProgram('go', 'version') ? false : 'there is no Go toolchain here to build with' }, () => {
  const folder = temporaryFolder('go-points');
  const built = new Map<string, string>();
  before(() => {
    for (const [name, flags] of kinds) built.set(name, buildGo(folder.path, name, source, ...flags));
  });
  after(folder.remove);

  for (const [name] of kinds) {
    test(`a ${name} binary: every call is emulated, the result of Read is read once`, () => {
      withElf(built.get(name)!, (file) => {
        const found = goPoints(file, { goroutines: true }) as GoPoints;
        assert.ok(found.tls);
        const programs = found.points.map(({ program }) => program);
        for (const program of [
          'go_tls_read',
          'go_tls_write',
          'go_http2_read_block',
          'go_http2_write_block',
          'go_hpack_decode',
          'go_hpack_encode',
          'go_http2_client_request',
          'go_http_round_trip',
          'go_http_connection_write',
          'go_http2_round_trip',
          'go_http2_request',
          'go_http2_handler',
          'go_newproc',
          'go_goexit',
        ] as const) {
          assert.equal(programs.filter((one) => one === program).length, 1, program);
        }
        assert.ok(programs.filter((one) => one === 'go_tls_read_leave').length >= 1);
        for (const point of found.points) {
          assert.equal(point.isReturn, false);
          assert.notEqual(point.execution, 'step', `${point.symbol} ${point.program}`);
          assert.equal(executionAt(file.read(point.offset, 16), 0), point.execution);
        }
      });
    });
  }

  test('the table of functions tells what the symbol table tells', () => {
    const path = built.get('plain')!;
    const symbols = execFileSync('go', ['tool', 'nm', '-size', path], { maxBuffer: 1 << 28, encoding: 'utf8' });
    const names = [
      'crypto/tls.(*Conn).Read',
      'net/http.(*persistConn).roundTrip',
      'runtime.newproc1',
      'runtime.gopanic',
    ];
    withElf(path, (file) => {
      const found = findGoFunctions(file, names)!;
      for (const name of names) {
        const line = symbols.split('\n').find((one) => one.endsWith(`T ${name}`))!;
        assert.equal(found.get(name)?.address, Number.parseInt(line.trim(), 16), name);
      }
    });
  });

  test('build info: version, paths', () => {
    const version = execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim();
    withElf(built.get('stripped')!, (file) => {
      const info = readGoBuildInfo(file);
      assert.equal(info?.version.split(' ')[0], version.split(' ')[0]);
      assert.equal(info?.path, 'example.test/built');
      assert.equal(info?.module, 'example.test/built');
    });
  });

  test('offsets are those that DWARF tells', () => {
    const path = built.get('plain')!;
    const reader = buildGo(folder.path, 'dwarf', dwarfReader, '-ldflags', '-s -w');
    const told = JSON.parse(execFileSync(reader, [path], { encoding: 'utf8' })) as Record<string, number>;
    const offsets = withElf(path, (file) =>
      offsetsInCode(functionBytes(file, findGoFunctions(file, ['runtime.newproc1'])!.get('runtime.newproc1')!).bytes),
    );
    assert.deepEqual(offsets, { goid: told['runtime.g goid'], parentGoid: told['runtime.g parentGoid'] });
    const fields: [number, string][] = [
      [goFields.tlsConnection, 'crypto/tls.Conn conn'],
      [goFields.tcpConnNetFd, 'net.conn fd'],
      [0, 'net.netFD pfd'],
      [goFields.netFdSysfd, 'internal/poll.FD Sysfd'],
      [goFields.netFdFamily, 'net.netFD family'],
      [goFields.netFdFamily + 8, 'net.netFD sotype'],
      [goFields.frameHeaderStreamId, 'net/http.http2FrameHeader StreamID'],
      [0, 'net/http.http2HeadersFrame http2FrameHeader'],
      [0, 'net/http.http2HeadersFrameParam StreamID'],
      [8, 'net/http.http2HeadersFrameParam BlockFragment'],
      [0, 'net/http.http2Framer r'],
      [goFields.bufioReaderSource, 'bufio.Reader rd'],
      [0, 'bytes.Buffer buf'],
      [goFields.hpackEncoderWriter - goFields.interfacePointer, `${hpack}.Encoder w`],
      [0, `${hpack}.Encoder dynTab`],
      [0, `${hpack}.Decoder dynTab`],
      [0, `${hpack}.dynamicTable table`],
      [hpackTable.entries, `${hpack}.headerFieldTable ents`],
      [hpackTable.evicted, `${hpack}.headerFieldTable evictCount`],
      [hpackTable.bytes, `${hpack}.dynamicTable size`],
      [hpackTable.maxBytes, `${hpack}.dynamicTable maxSize`],
      [hpackField.name, `${hpack}.HeaderField Name`],
      [hpackField.value, `${hpack}.HeaderField Value`],
      [hpackField.sensitive, `${hpack}.HeaderField Sensitive`],
      [goFields.http2ServerConnection, 'net/http.http2serverConn conn'],
      [goFields.http2ClientConnection, 'net/http.http2ClientConn tconn'],
      [goFields.http2StreamId, 'net/http.http2stream id'],
      [0, 'net/http.http2responseWriter rws'],
      [0, 'net/http.http2responseWriterState stream'],
    ];
    for (const [offset, field] of fields) assert.equal(told[field], offset, field);
  });
});

describe('Go, damaged', {
  skip: hasProgram('go', 'version') ? false : 'there is no Go toolchain here to build with',
}, () => {
  const folder = temporaryFolder('go-damaged');
  after(folder.remove);

  test('an ElfError or an answer, in time', () => {
    const hello = 'package main\n\nfunc main() { println("hello") }\n';
    const binary = buildGo(folder.path, 'hello', hello, '-ldflags', '-s -w');
    const [table, info] = withElf(binary, (file) => [file.section('.gopclntab')!, file.section('.go.buildinfo')!]) as [
      Section,
      Section,
    ];
    const whole = readFileSync(binary);
    const fd = openSync(binary, 'r+');
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const answers = { points: 0, reason: 0, nothing: 0, error: 0 };
    for (let round = 0; round < 600; round++) {
      const changed: number[] = [];
      for (let change = 0; change <= round % 4; change++) {
        const places = [
          table.offset + random(72),
          table.offset + 72 + random(table.size - 72),
          info.offset + random(info.size),
        ];
        const at = places[random(3)]!;
        changed.push(at);
        writeSync(fd, Buffer.from([[0, 0xff, 0x7f, random(256)][random(4)]!]), 0, 1, at);
      }
      const begun = process.threadCpuUsage();
      try {
        const found = withElf(binary, (file) => goPoints(file, { goroutines: true }));
        answers[found === undefined ? 'nothing' : 'reason' in found ? 'reason' : 'points']++;
      } catch (error) {
        assert.ok(error instanceof ElfError, (error as Error).stack);
        answers.error++;
      }
      const { user, system } = process.threadCpuUsage(begun);
      assert.ok(user + system < 3e6);
      for (const at of changed) writeSync(fd, whole, at, 1, at);
    }
    closeSync(fd);
    assert.ok(
      answers.points > 0 && answers.error > 0 && answers.reason > 0 && answers.nothing > 0,
      JSON.stringify(answers),
    );
  });
});

test('versions: the table by minor version, and none for what nobody measured', () => {
  assert.deepEqual(goroutineOffsets('go1.22.5', undefined), { goid: 152, parentGoid: 272 });
  assert.deepEqual(goroutineOffsets('go1.24.2 X:nocoverageredesign', undefined), { goid: 160, parentGoid: 280 });
  assert.equal(goroutineOffsets('go1.99', undefined), undefined);
  assert.equal(goroutineOffsets('devel', Buffer.alloc(64, 0x90)), undefined);
});
