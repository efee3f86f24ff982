"""An HTTP service that reads files, as slowly as it is told. argv: folder. Prints its port, then answers `GET /NAME?delay=MS` until it is ended.

A read is made slow by its buffer: the page it goes to is missing, and userfaultfd puts it there only after the delay. So the read is one of a
plain file in the page cache, on any file system, and how long it takes is known. The answer is what the service measured: JSON with `thread`,
`bytes`, `ns`.
"""

import ctypes
import fcntl
import json
import mmap
import os
import socketserver
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

SYS_USERFAULTFD = {"x86_64": 323, "aarch64": 282}[os.uname().machine]
UFFDIO_API, UFFDIO_REGISTER, UFFDIO_ZEROPAGE = 0xC018AA3F, 0xC020AA00, 0xC020AA04
REGISTER_MISSING = 1
PAGE = mmap.PAGESIZE
OFFSET, BYTES = 7, 100

libc = ctypes.CDLL(None, use_errno=True)
libc.pread.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long]


def slow_read(path, seconds):
    faults = libc.syscall(SYS_USERFAULTFD, os.O_CLOEXEC)
    if faults < 0:
        raise OSError(ctypes.get_errno(), "userfaultfd")
    fcntl.ioctl(faults, UFFDIO_API, bytearray(struct.pack("QQQ", 0xAA, 0, 0)))
    memory = mmap.mmap(-1, PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    fcntl.ioctl(faults, UFFDIO_REGISTER, bytearray(struct.pack("QQQQ", address, PAGE, REGISTER_MISSING, 0)))

    def bring_page():
        time.sleep(seconds)
        fcntl.ioctl(faults, UFFDIO_ZEROPAGE, bytearray(struct.pack("QQQq", address, PAGE, 0, 0)))

    file = os.open(path, os.O_RDONLY)
    helper = threading.Thread(target=bring_page)
    helper.start()
    begin = time.monotonic_ns()
    count = libc.pread(file, address, BYTES, OFFSET)
    taken = time.monotonic_ns() - begin
    helper.join()
    os.close(file)
    os.close(faults)
    return {"thread": threading.get_native_id(), "bytes": count, "ns": taken}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        delay = float(parse_qs(url.query)["delay"][0]) / 1000
        body = json.dumps(slow_read(os.path.join(sys.argv[1], url.path[1:]), delay)).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


with Server(("127.0.0.1", 0), Handler) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
