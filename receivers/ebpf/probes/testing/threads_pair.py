"""A Python process that is TLS server and client at once, a thread for each end: threads_pair.py CERT KEY CONNECTIONS REQUESTS [PAUSE_MS], begins when a line comes in."""
import json
import os
import socket
import ssl
import sys
import threading
import time

cert, key, connections, requests = sys.argv[1:5]
pause = int(sys.argv[5]) if len(sys.argv) > 5 else 0
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain(cert, key)
client_context = ssl.create_default_context()
client_context.check_hostname = False
client_context.verify_mode = ssl.CERT_NONE
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
port = listener.getsockname()[1]


def serve(plain, address):
    with server_context.wrap_socket(plain, server_side=True) as tls:
        while tls.recv(4096):
            tls.sendall(b"answer port=%d;\n" % address[1])


def accept():
    while True:
        threading.Thread(target=serve, args=listener.accept(), daemon=True).start()


def client():
    with client_context.wrap_socket(socket.create_connection(("127.0.0.1", port))) as tls:
        own = tls.getsockname()[1]
        for _ in range(int(requests)):
            tls.sendall(b"question port=%d;\n" % own)
            assert tls.recv(4096) == b"answer port=%d;\n" % own
            time.sleep(pause / 1000)


threading.Thread(target=accept, daemon=True).start()
print(json.dumps({"pid": os.getpid(), "port": port}), flush=True)
sys.stdin.readline()
clients = [threading.Thread(target=client) for _ in range(int(connections))]
for thread in clients:
    thread.start()
for thread in clients:
    thread.join()
print("done", flush=True)
sys.stdin.readline()
