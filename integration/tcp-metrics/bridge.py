"""A bad network between two interfaces of this namespace: delays every frame, loses some. argv: interface interface delay-ms loss seed.

Prints `ready`, then forwards until it is ended. Ethernet frames go through whole; loss hits TCP segments in both directions alike, by
a seeded generator, so that a run can be repeated.
"""

import fcntl
import heapq
import random
import select
import socket
import struct
import sys
import time

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SIOCETHTOOL = 0x8946
# Segmentation and checksums must be done by the sender: a frame that passes through here gets neither.
OFFLOADS = (0x17, 0x1F, 0x24, 0x2C)  # tx checksum, TSO, GSO, GRO


def switch_off_offloads(name):
    import array

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOADS:
            value = array.array("B", struct.pack("II", command, 0))
            request = struct.pack("16sP", name.encode(), value.buffer_info()[0])
            fcntl.ioctl(control, SIOCETHTOOL, request)


def main():
    if sys.argv[1] == "offloads":
        switch_off_offloads(sys.argv[2])
        return
    names, delay, loss = sys.argv[1:3], float(sys.argv[3]) / 1000, float(sys.argv[4])
    dice = random.Random(int(sys.argv[5]))
    ends = []
    for name in names:
        switch_off_offloads(name)
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        end.bind((name, 0))
        ends.append(end)
    print("ready", flush=True)
    waiting, count = [], 0
    while True:
        rest = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select(ends, [], [], rest)
        now = time.monotonic()
        for end in readable:
            frame, origin = end.recvfrom(65536)
            is_tcp = frame[12:14] == b"\x08\x00" and frame[23] == 6
            if origin[2] == PACKET_OUTGOING or (is_tcp and dice.random() < loss):
                continue
            count += 1
            heapq.heappush(waiting, (now + delay, count, ends[1] if end is ends[0] else ends[0], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, to, frame = heapq.heappop(waiting)
            to.send(frame)


main()
