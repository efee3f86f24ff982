"""The calls that this process made, and how one is made and timed."""

import random
import time

from clock import clock

host = "127.0.0.1"
lines = []
pause = 0.0


def call(method, target, run):
    """Runs one call and notes when its bytes passed the socket; `run` returns the status, or None for ok."""
    rest()
    clock.begin()
    status = run()
    if clock.socket is None:
        raise RuntimeError(f"{method} {target}: nothing was sent to the server")
    note(method, target, status, clock.start, clock.end)


def call_around(method, target, run):
    """As `call`, by the clock around it: for libraries in C, whose sockets cannot be seen from here."""
    rest()
    start = time.time_ns()
    status = run()
    note(method, target, status, start, time.time_ns())


def note(method, target, status, start, end):
    lines.append({"method": method, "target": target, "status": status or "ok", "start": start, "end": end})


def rest():
    """Leaves the processors to the others between two calls."""
    time.sleep(0.001 + random.random() * pause)
