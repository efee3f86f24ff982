/** For tests: Python programs that make known system calls, held back until they are watched. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Capture, Told } from './capture.ts';

/** Names that every program can use: `pair()` gives a connected client and server, `mmsg` calls sendmmsg and recvmmsg. */
const prelude = `
import ctypes, os, socket, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)

def pair(family=socket.AF_INET, address='127.0.0.1', to=None):
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen()
    client = socket.socket(family if to is None else socket.AF_INET)
    client.connect((to or address, listener.getsockname()[1]))
    server, _ = listener.accept()
    listener.close()
    return client, server

class iovec(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]

class msghdr(ctypes.Structure):
    _fields_ = [('name', ctypes.c_void_p), ('namelen', ctypes.c_uint32), ('iov', ctypes.POINTER(iovec)), ('iovlen', ctypes.c_size_t),
                ('control', ctypes.c_void_p), ('controllen', ctypes.c_size_t), ('flags', ctypes.c_int)]

class mmsghdr(ctypes.Structure):
    _fields_ = [('header', msghdr), ('length', ctypes.c_uint32)]

def mmsg(call, sock, buffers):
    messages = (mmsghdr * len(buffers))()
    for message, buffer in zip(messages, buffers):
        vector = iovec(ctypes.addressof(buffer), len(buffer))
        message.header.iov = ctypes.pointer(vector)
        message.header.iovlen = 1
    if call == 'send': return libc.sendmmsg(sock.fileno(), messages, len(buffers), 0)
    return libc.recvmmsg(sock.fileno(), messages, len(buffers), 0, None)

def buffer(data): return (ctypes.c_char * len(data)).from_buffer_copy(data)

sys.stdin.readline()
`;

export interface Program {
  pid: number;
  /** Lets it begin. */
  start(): void;
  /** Waits until it has printed that. Throws an Error after 10 s. */
  says(text: string): Promise<void>;
  /** Waits for its end; gives what it printed. Throws an Error when it failed. */
  end(): Promise<string>;
}

export function python(code: string): Program {
  const child: ChildProcess = spawn('python3', ['-c', prelude + code], { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = { out: '', error: '' };
  child.stdout!.on('data', (data) => {
    said.out += data;
  });
  child.stderr!.on('data', (data) => {
    said.error += data;
  });
  const closed = once(child, 'close');
  return {
    pid: child.pid!,
    start: () => void child.stdin!.write('\n'),
    async says(text) {
      for (const end = Date.now() + 10_000; !said.out.includes(text); await sleep(5))
        if (Date.now() > end) throw new Error(`the program did not print ${text}: ${said.error}`);
    },
    async end() {
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      const [code, signal] = await closed;
      clearTimeout(timer);
      if (code !== 0) throw new Error(`the program ended with ${code ?? signal}: ${said.error}`);
      return said.out;
    },
  };
}

/** Runs a program from its beginning to its end, and gives what was told of it. */
export async function tell(capture: Capture, code: string): Promise<Told[]> {
  const program = python(code);
  capture.program.setProcess(program.pid, { trace: 'yes' });
  program.start();
  await program.end();
  return capture.whenOver(program.pid);
}
