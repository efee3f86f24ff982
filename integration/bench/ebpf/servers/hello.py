"""A service for the bench: /N answers with N bytes, a thread for each connection. TLS when CERT and KEY are set."""

import os
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two packets, of which the second would wait for the first's acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self):
        size = self.path[1:]
        body = b"x" * max(12, int(size) if size.isdigit() else 0)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    # The load's connections come all at once; five is the default.
    request_queue_size = 128


server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
if os.environ.get("CERT"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["CERT"], os.environ["KEY"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
