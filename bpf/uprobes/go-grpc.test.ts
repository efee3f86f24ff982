/** Which of gRPC's functions are probed by the version that a binary says it holds; the module here is only named so. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { withElf } from '../elf/file.ts';
import { hasProgram, temporaryFolder } from '../testing/builds.ts';
import { layoutCookie } from './point.ts';
import { readTlsExecutable } from './tls-file.ts';

const module = 'google.golang.org/grpc';

const files: Record<string, string> = {
  'main.go': `package main

import "${module}"

func main() { grpc.Run() }
`,
  [`vendor/${module}/server.go`]: `package grpc

import "${module}/internal/transport"

type Server struct{ count int }

//go:noinline
func (s *Server) handleStream(t any, stream *int) { s.count += *stream; println(t) }

func Run() {
	number := 1
	(&Server{}).handleStream(nil, &number)
	transport.Run()
}
`,
  [`vendor/${module}/internal/transport/transport.go`]: `package transport

type http2Client struct{ streams []int }

//go:noinline
func (t *http2Client) NewStream(fail bool) (*int, error) {
	if fail {
		println("none")
	}
	t.streams = append(t.streams, 1)
	return &t.streams[0], nil
}

func Run() { println((&http2Client{}).NewStream(false)) }
`,
};

describe('gRPC in Go', {
  skip: hasProgram('go', 'version') ? false : 'there is no Go toolchain here to build with',
}, () => {
  const folder = temporaryFolder('go-grpc');
  after(folder.remove);

  function build(version: string): string {
    const source = join(folder.path, version);
    const goMod = `module example.test/built

go 1.21

require ${module} ${version}
`;
    const vendored = `# ${module} ${version}\n## explicit; go 1.21\n${module}\n${module}/internal/transport\n`;
    for (const [name, text] of Object.entries({ ...files, 'go.mod': goMod, 'vendor/modules.txt': vendored })) {
      mkdirSync(dirname(join(source, name)), { recursive: true });
      writeFileSync(join(source, name), text);
    }
    const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=vendor', GOPROXY: 'off' };
    execFileSync('go', ['build', '-o', 'built', '.'], { cwd: source, env, timeout: 280_000, stdio: 'pipe' });
    return join(source, 'built');
  }

  test('a version whose layout is known: handlers and callers, with the number of the layout', () => {
    const { reason, points } = withElf(build('v1.72.0'), readTlsExecutable)!;
    const found = points.filter(({ program }) => program === 'go_grpc_handler' || program === 'go_grpc_stream_leave');
    assert.deepEqual([...new Set(found.map(({ program }) => program))], ['go_grpc_handler', 'go_grpc_stream_leave']);
    for (const { cookie } of found) assert.equal(cookie & layoutCookie(0xff), layoutCookie(6));
    assert.equal(reason, '');
  });

  test('a version that nobody measured: none, and the reason says so', () => {
    const { covered, reason, points } = withElf(build('v1.199.0'), readTlsExecutable)!;
    assert.ok(covered);
    assert.equal(reason, 'calls of gRPC v1.199.0 cannot be told apart: its layout is not known');
    assert.ok(points.every(({ program }) => program !== 'go_grpc_handler' && program !== 'go_grpc_stream_leave'));
  });
});
