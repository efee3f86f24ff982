"""Makes calls to one real server and prints what it did by its own clock: one JSON line per call.

usage: client.py SCENARIO PORT COUNT CONCURRENCY
line:  {"method": ..., "target": ..., "status": ..., "start": unix ns, "end": unix ns}

Every call has a target of its own, so that it can be found again. `status` is `ok` or the protocol's word for the failure.
Each of the CONCURRENCY workers is a process, so that none waits for another's interpreter.
"""

import json
import multiprocessing
import sys
import time

from calls import messaging, names, record, stores, web
from clock import clock_sockets


def work(scenario, port, numbers, pause, queue):
    clock_sockets(port)
    record.pause = pause
    scenario(port, numbers)
    queue.put(record.lines)


def main():
    name, port, count, concurrency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    scenario = next(getattr(module, name) for module in (web, stores, messaging, names) if hasattr(module, name))
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    workers = []
    for worker in range(concurrency):
        numbers = list(range(worker * 100_000, worker * 100_000 + count))
        workers.append(context.Process(target=work, args=(scenario, port, numbers, 0.002 * concurrency, queue), daemon=True))
    for worker in workers:
        worker.start()
    # What they made is taken before they are waited for: a full pipe would hold them up. One that failed sends nothing.
    lines = []
    missing = concurrency
    while missing > 0 and (any(worker.is_alive() for worker in workers) or not queue.empty()):
        if queue.empty():
            time.sleep(0.02)
            continue
        lines += queue.get()
        missing -= 1
    for worker in workers:
        worker.join()
    for line in lines:
        print(json.dumps(line))
    expected = 0 if name.endswith("_setup") else count * concurrency
    sys.exit(0 if len(lines) == expected else f"{len(lines)} of {expected} calls were made")


main()
