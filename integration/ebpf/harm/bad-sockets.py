"""Sockets as nobody should use them, against the given port of a web server and one of nobody; each way some times."""
import os, random, socket, struct, sys, threading

web, silent = int(sys.argv[1]), socket.create_server(('127.0.0.1', 0))
random.seed(7)
peer = silent.getsockname()


def pair():
    a = socket.create_connection(peer)
    b, _ = silent.accept()
    return a, b


def both(request, answer):
    a, b = pair()
    a.sendall(request); b.recv(65536); b.sendall(answer); a.recv(65536)
    a.close(); b.close()


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.close()


get = b'GET /%s HTTP/1.1\r\nHost: x\r\n\r\n'
for i in range(20):
    a = socket.create_connection(('127.0.0.1', web)); a.sendall(get % b'reset'); reset(a)            # request, then RST
    a = socket.create_connection(('127.0.0.1', web)); a.sendall(b'GET /hal'); reset(a)               # half a request
    a, b = pair(); a.sendall(get % b'half-closed'); a.shutdown(socket.SHUT_WR); b.recv(999)          # the answer comes after the end
    b.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'); a.recv(99); b.close(); a.recv(9); a.close()
    a, b = pair(); reset(a)
    try: b.recv(9)
    except OSError: pass
    b.close()
# lengths that lie, by 4 GiB and more
huge = [b'GET / HTTP/1.1\r\nContent-Length: 4294967296\r\n\r\nx', b'GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n',
        b'*4294967295\r\n$4\r\nPING\r\n', b'*1\r\n$-4294967296\r\n', b'$9223372036854775807\r\n',
        struct.pack('>I', 0xffffffff) + b'\x00\x03\x00\x00', struct.pack('>IHHIH', 0x7fffffff, 0, 9, 1, 3) + b'abc',
        b'\xff\xff\xff\x00\x03SELECT 1', b'Q\xff\xff\xff\xffSELECT 1\x00', b'AMQP\x00\x00\x09\x01\x01\x00\x00\xff\xff\xff\xff',
        b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x01\x05\x80\x00\x00\x01', b'\x16\x03\x01\xff\xff\x01\xff\xff\xff',
        struct.pack('<IIII', 0xffffffff, 1, 0, 2013), b'\x10\xff\xff\xff\x7f\x00\x04MQTT', b'\xda\xbb\xc2\x00' + b'\xff' * 12]
for request in huge:
    for answer in (b'HTTP/1.1 200 OK\r\nContent-Length: 4294967297\r\n\r\n', b'$4294967296\r\n', b'\xff' * 40, request): both(request, answer)
# one protocol after another on one connection
for _ in range(10):
    a, b = pair()
    for request in random.sample(huge, 6) + [get % b'after', b'*1\r\n$4\r\nPING\r\n', os.urandom(500)]:
        a.sendall(request); b.recv(65536); b.sendall(b'HTTP/1.1 204 No\r\n\r\n'); a.recv(65536); b.sendall(b'+PONG\r\n'); a.recv(99)
    a.close(); b.close()
# noise in both directions at once, from several threads of one socket
def noise(s, data):
    try:
        for at in range(0, len(data), 700): s.sendall(data[at:at + 700])
    except OSError: pass
for _ in range(10):
    a, b = pair()
    a.setblocking(True)
    threads = [threading.Thread(target=noise, args=(s, bytes(random.choices(range(256), k=9000)))) for s in (a, a, b, b)]
    for t in threads: t.start()
    for t in threads: t.join()
    for s in (a, b):
        s.setblocking(False)
        try:
            while s.recv(3000): pass
        except OSError: pass
    reset(a); b.close()
# the same pair of ports again and again, at once after a reset; each is a connection of its own
for i in range(30):
    a = socket.socket(); a.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); a.bind(('127.0.0.1', int(sys.argv[2])))
    a.connect(('127.0.0.1', web)); a.sendall(get % (b'reused-%d' % i)); a.recv(999)
    if i % 3 == 0: a.sendall(b'GET /left-')
    reset(a)
# pipelining, as much as is looked at of one call of HTTP/1 (1 KiB)
for group in range(8):
    a = socket.create_connection(('127.0.0.1', web))
    a.sendall(b''.join(get % (b'pipelined-%d' % (group * 5 + i)) for i in range(5)))
    answers = b''
    while answers.count(b'HTTP/1.1 200') < 5: answers += a.recv(65536)
    a.close()
