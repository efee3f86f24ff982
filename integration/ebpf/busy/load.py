"""Asks over HTTP and TLS on and on, in Python, a thread for each connection.

usage: load.py PORT COUNT PAUSE   over COUNT connections that stay open, and over as many more for each line of input; what it did is in the
                                  file that TRUTH names, see services/python/truth.py
"""

import http.client
import random
import ssl
import sys
import threading
import time

from truth import Request, marked


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


ask(*sys.argv[1:])
