"""A Python process that is TLS server and client at once, on asyncio: asyncio_pair.py CERT KEY CONNECTIONS REQUESTS [PAUSE_MS], begins when a line comes in."""
import asyncio
import json
import os
import ssl
import sys

cert, key, connections, requests = sys.argv[1:5]
pause = int(sys.argv[5]) if len(sys.argv) > 5 else 0


async def serve(reader, writer):
    port = writer.get_extra_info("peername")[1]
    while await reader.readline():
        writer.write(b"answer port=%d;\n" % port)
        await writer.drain()
    writer.close()


async def client(port):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    own = writer.get_extra_info("sockname")[1]
    for i in range(int(requests)):
        writer.write(b"question port=%d;\n" % own)
        await writer.drain()
        assert await reader.readline() == b"answer port=%d;\n" % own
        if pause or i % 7 == 0:
            await asyncio.sleep((pause + i % 5) / 1000)
    writer.close()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"pid": os.getpid(), "port": port}), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    await asyncio.gather(*[client(port) for _ in range(int(connections))])
    print("done", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)


asyncio.run(main())
