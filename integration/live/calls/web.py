"""Calls over HTTP/1.1, HTTP/2 and gRPC."""

import socket
from bisect import bisect_left
from http.client import HTTPConnection

from calls.record import call, call_around, host, note


def path_of(number):
    return ("/small", "/large", "/status/404", "/status/500")[number % 4] + f"?call={number}"


def connect(port):
    connection = socket.create_connection((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def http1(port, numbers):
    connection = HTTPConnection(host, port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(path, headers):
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        return str(response.status)

    for number in numbers:
        path = path_of(number)
        call("GET", path, lambda: get(path, {"x-request-id": f"call-{number}"}))
    connection.close()


def http1_pipelined(port, numbers):
    """All requests are sent whether or not the first response has come; what has come is taken in between."""
    paths = {number: ("/small", "/status/404")[number % 2] + f"?call={number}" for number in numbers}
    starts = {}
    with connect(port) as connection:
        received = b""
        ends, times = [], []

        def take(flags):
            nonlocal received
            try:
                received += connection.recv(65536, flags)
            except BlockingIOError:
                return
            ends.append(len(received))
            times.append(connection.received_at)

        for number in numbers:
            connection.sendall(f"GET {paths[number]} HTTP/1.1\r\nHost: pipelined\r\n\r\n".encode())
            starts[number] = connection.sent_at
            take(socket.MSG_DONTWAIT)
        at = 0
        for number in numbers:
            while (response := http1_response(received, at)) is None:
                take(0)
            status, at = response
            note("GET", paths[number], status, starts[number], times[bisect_left(ends, at)])


def http1_response(received, at):
    """Status of the response that begins there, and where the next one begins; None while it is not whole."""
    head_end = received.find(b"\r\n\r\n", at)
    if head_end < 0:
        return None
    lines = received[at:head_end].split(b"\r\n")
    fields = dict(line.lower().split(b":", 1) for line in lines[1:])
    end = head_end + 4 + int(fields.get(b"content-length", b"0"))
    return None if end > len(received) else (lines[0].split()[1].decode(), end)


class Http2:
    """One connection of the library h2, on a socket of its own."""

    def __init__(self, port):
        from h2.config import H2Configuration
        from h2.connection import H2Connection
        from h2.settings import SettingCodes

        self.socket = connect(port)
        self.connection = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.connection.initiate_connection()
        self.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1 << 20})
        self.connection.increment_flow_control_window(1 << 30)
        self.socket.sendall(self.connection.data_to_send())
        self.started, self.statuses = {}, {}
        while not self.connection.remote_settings.max_concurrent_streams < 1 << 31:
            self.receive()

    def get(self, paths, quiet=0):
        """Sends all requests at once and notes each when its stream has ended; see `receive`."""
        for path in paths:
            stream = self.connection.get_next_available_stream_id()
            fields = [(":method", "GET"), (":scheme", "http"), (":authority", "h2"), (":path", path)]
            self.connection.send_headers(stream, fields, end_stream=True)
            self.started[stream] = path
        self.socket.sendall(self.connection.data_to_send())
        start = self.socket.sent_at
        while self.started:
            for stream, end in self.receive(quiet):
                note("GET", self.started.pop(stream), self.statuses.pop(stream), start, end)

    def receive(self, quiet=0):
        """
        Streams that have ended, and when. Nothing is read before there was nothing to receive for `quiet` seconds, for reading takes long
        enough to make what comes meanwhile look late.
        """
        from h2.events import ResponseReceived, StreamEnded

        pieces = []
        try:
            while data := self.socket.recv(1 << 20):
                pieces.append((data, self.socket.received_at))
                self.socket.settimeout(quiet)
        except (BlockingIOError, TimeoutError):
            self.socket.settimeout(None)
        if not pieces:
            raise ConnectionError("the server closed the connection")
        ended = []
        for data, received_at in pieces:
            for event in self.connection.receive_data(data):
                if isinstance(event, ResponseReceived):
                    self.statuses[event.stream_id] = dict(event.headers)[":status"]
                elif isinstance(event, StreamEnded):
                    ended.append((event.stream_id, received_at))
        if answer := self.connection.data_to_send():
            self.socket.sendall(answer)
        return ended


def http2(port, numbers):
    """One call after the other."""
    from calls.record import rest

    connection = Http2(port)
    for number in numbers:
        rest()
        connection.get([path_of(number)])
    connection.socket.close()


def http2_streams(port, numbers):
    """All calls at once, each on a stream of its own."""
    connection = Http2(port)
    connection.get([path_of(number) for number in numbers], quiet=0.2)
    connection.socket.close()


def grpc(port, numbers):
    """Calls have no text of their own that a span shows: they are found by method and time."""
    import grpc as library

    channel = library.insecure_channel(f"{host}:{port}")
    library.channel_ready_future(channel).result(10)

    def run(method, number):
        try:
            method(f"call {number}".encode())
        except library.RpcError as error:
            return str(error.code().value[0])

    for number in numbers:
        path = ("/live.Greeter/Say", "/live.Greeter/Refuse")[number % 2]
        method = channel.unary_unary(path)
        call_around("POST", path, lambda: run(method, number))
    channel.close()
