"""The client's own clock, read where its bytes pass: at the socket calls of whatever library makes the calls.

A call begins when its first byte is handed to the kernel and ends when its last byte has been taken from it. What the library does
before and after, its threads and its event loop, is no part of the call as the network sees it. One process makes its calls one
after the other, so the first thing sent to the server after `begin` is the call.
"""

import socket
import time


class Clock:
    port = 0
    socket = None
    start = 0
    end = 0

    def begin(self):
        self.socket = None

    def sending(self, sock):
        if self.socket is None:
            self.start = time.time_ns()
            self.socket = sock

    def received(self, sock):
        if self.socket is sock:
            self.end = time.time_ns()


clock = Clock()


class ClockedSocket(socket.socket):
    """Notes the time of what it sends to the server, and of what it receives from it."""

    to_server = False
    sent_at = 0
    received_at = 0

    def connect(self, address):
        self._look_at(address)
        return super().connect(address)

    def connect_ex(self, address):
        self._look_at(address)
        return super().connect_ex(address)

    def send(self, *args):
        self._sending()
        return super().send(*args)

    def sendall(self, *args):
        self._sending()
        return super().sendall(*args)

    def sendmsg(self, *args):
        self._sending()
        return super().sendmsg(*args)

    def sendto(self, data, *args):
        self._look_at(args[-1])
        self._sending()
        return super().sendto(data, *args)

    def recv(self, *args):
        return self._received(super().recv(*args))

    def recv_into(self, *args):
        return self._received(super().recv_into(*args))

    def recvfrom(self, *args):
        return self._received(super().recvfrom(*args))

    def _look_at(self, address):
        # Libraries also have sockets to themselves, to wake their threads.
        self.to_server = isinstance(address, tuple) and address[1] == clock.port

    def _sending(self):
        if self.to_server:
            self.sent_at = time.time_ns()
            clock.sending(self)

    def _received(self, result):
        if self.to_server:
            self.received_at = time.time_ns()
            clock.received(self)
        return result


def clock_sockets(port):
    """From now on sockets of this process that talk to the server's port are clocked."""
    clock.port = port
    socket.socket = ClockedSocket
