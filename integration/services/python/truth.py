"""What the services themselves say they did: a JSON line for each request, with the calls made for it, in the file that TRUTH names."""

import itertools
import json
import os
import threading
import time

file = os.environ.get("TRUTH")
numbers = itertools.count(1)


class Request:
    """One request; `calls` grows while it is worked on, `finish` writes it."""

    def __init__(self, service, method, target, local_port, remote_port):
        self.line = {
            "service": service,
            "pid": os.getpid(),
            "tid": threading.get_native_id(),
            "protocol": "http",
            "method": method,
            "target": target,
            "localPort": local_port,
            "remotePort": remote_port,
            "start": time.time_ns(),
            "calls": [],
        }

    def note(self, protocol, address, method, target, status, local_port, tls, start):
        call = {"protocol": protocol, "address": address, "method": method, "target": target, "status": status}
        self.line["calls"].append({**call, "localPort": local_port, "tls": tls, "start": start, "end": time.time_ns()})

    def finish(self, status):
        if file is None:
            return
        self.line["status"] = str(status)
        self.line["end"] = time.time_ns()
        # One write of a file opened for appending: lines of several processes do not mix.
        handle = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
        os.write(handle, (json.dumps(self.line) + "\n").encode())
        os.close(handle)


def marked(service, path):
    """Makes a path unique, so that the call is found again; without TRUTH it is left alone."""
    return path if file is None else f"{path}?call={service}-{os.getpid()}-{next(numbers)}"


def address_of(name):
    """Host, port and whether TLS is wanted of NAME=tcp://HOST:PORT or tls://HOST:PORT."""
    scheme, _, place = os.environ[name].partition("://")
    host, _, port = place.rpartition(":")
    return host, int(port), scheme == "tls"
