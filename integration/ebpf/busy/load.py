"""HTTP over TLS in Python that goes on and on, a thread for each connection.

usage: load.py serve PORT CERT KEY   answers 404 to /missing, and 200 to all else
       load.py ask PORT COUNT PAUSE  asks over COUNT connections that stay open, and over as many more for each line of input; what it did is
                                     in the file that TRUTH names, see services/python/truth.py
"""

import http.client
import random
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from truth import Request, marked


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        body = self.path.encode()
        self.send_response(404 if self.path.startswith("/missing") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def serve(port, cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = Server(("127.0.0.1", int(port)), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


def ask(port, count, pause):
    while True:
        for _ in range(int(count)):
            threading.Thread(target=work, args=(int(port), float(pause)), daemon=True).start()
        if not sys.stdin.readline():
            return


def work(port, pause):
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=ssl._create_unverified_context())
    connection.connect()
    local_port = connection.sock.getsockname()[1]
    while True:
        time.sleep(pause * (0.5 + random.random()))
        path = marked("python", random.choice(["/", "/page", "/missing"]))
        request = Request("python", "", "", 0, 0)
        start = time.time_ns()
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        request.note("http", f"127.0.0.1:{port}", "GET", path, str(response.status), local_port, True, start)
        request.finish("")


{"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
