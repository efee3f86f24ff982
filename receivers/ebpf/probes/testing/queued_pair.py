"""A Python process that is TLS server and client at once and keeps what it reads in queues before OpenSSL opens it, as anyio does: queued_pair.py CERT KEY CONNECTIONS REQUESTS [PAUSE_MS], begins when a line comes in."""
import asyncio
import json
import os
import random
import ssl
import sys

cert, key, connections, requests = sys.argv[1:5]
pause = int(sys.argv[5]) if len(sys.argv) > 5 else 0


class Tls:
    """TLS in memory; what comes from the socket waits in the reader's buffer, and is opened some turns of the loop later."""

    def __init__(self, reader, writer, context, server_side):
        self.reader, self.writer = reader, writer
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server_side)

    async def call(self, method, *arguments):
        while True:
            try:
                result = method(*arguments)
                break
            except ssl.SSLWantReadError:
                await self.flush()
                data = await self.reader.read(65536)
                for _ in range(random.randrange(3)):
                    await asyncio.sleep(0)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
        await self.flush()
        return result

    async def flush(self):
        if self.outgoing.pending:
            self.writer.write(self.outgoing.read())
            await self.writer.drain()

    async def read(self):
        try:
            return await self.call(self.tls.read, 4096)
        except ssl.SSLError:
            return b""


async def serve(reader, writer):
    tls = Tls(reader, writer, server_context, True)
    await tls.call(tls.tls.do_handshake)
    port = writer.get_extra_info("peername")[1]
    while await tls.read():
        await tls.call(tls.tls.write, b"answer port=%d;\n" % port)
    writer.close()


async def client(port, count):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    tls = Tls(reader, writer, client_context, False)
    await tls.call(tls.tls.do_handshake)
    own = writer.get_extra_info("sockname")[1]
    for i in range(count):
        await tls.call(tls.tls.write, b"question port=%d;\n" % own)
        assert await tls.read() == b"answer port=%d;\n" % own
        if pause or i % 7 == 0:
            await asyncio.sleep((pause + i % 5) / 1000)
    writer.close()


async def clients(port):
    """Half of the requests on a first connection, the others on a second: the library takes the same memory again for it."""
    count = int(requests) // 2
    await client(port, count)
    await client(port, int(requests) - count)


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"pid": os.getpid(), "port": port}), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    await asyncio.gather(*[clients(port) for _ in range(int(connections))])
    print("done", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)


server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain(cert, key)
client_context = ssl.create_default_context()
client_context.check_hostname = False
client_context.verify_mode = ssl.CERT_NONE
asyncio.run(main())
