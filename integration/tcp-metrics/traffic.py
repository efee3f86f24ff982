"""Both ends of the connections that are measured. argv: serve address port | talk address port.

The client's first line says what it wants: `download N`, `upload N`, `calls N`, `stall N` (it reads late, so that its window fills),
`reset`. Connections are made one after the other, from ports in that order.
"""

import socket
import struct
import sys
import threading
import time

JOBS = ["calls 40", "download 600000", "upload 600000", "stall 1500000", "reset", "download 200000", "calls 20"]


def serve(address):
    with socket.create_server(address, backlog=16) as listener:
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection):
    try:
        with connection, connection.makefile("rb") as stream:
            job, _, count = stream.readline().decode().strip().partition(" ")
            if job in ("download", "stall"):
                connection.sendall(b"d" * int(count))
            elif job == "upload":
                stream.read(int(count))
                connection.sendall(b"done\n")
            elif job == "calls":
                for _ in range(int(count)):
                    connection.sendall(stream.readline())
            elif job == "reset":
                stream.read()
    except OSError:
        pass


def talk(address):
    for job in JOBS:
        connection = socket.create_connection(address, timeout=30)
        name, _, count = job.partition(" ")
        if name == "stall":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20000)
        connection.sendall(f"{job}\n".encode())
        if name == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            continue
        with connection, connection.makefile("rb") as stream:
            if name == "stall":
                time.sleep(1.5)
            if name == "upload":
                connection.sendall(b"u" * int(count))
                stream.readline()
            elif name == "calls":
                for number in range(int(count)):
                    connection.sendall(b"call %d\n" % number)
                    stream.readline()
            else:
                stream.read()


address = (sys.argv[2], int(sys.argv[3]))
(serve if sys.argv[1] == "serve" else talk)(address)
