"""Recommendations: asyncio on uvicorn; two products are asked for at once by httpx, and what was recommended is kept in Redis."""

import asyncio
import json
import os
import time

import httpx
import redis.asyncio
from truth import Request, address_of, marked

catalog = httpx.AsyncClient(base_url=os.environ["CATALOG"], verify=False, limits=httpx.Limits(max_connections=100))
clients = asyncio.Queue()


async def get(noted, path):
    path = marked("recommendations", path)
    start = time.time_ns()
    status, port_here, body = "failed", 0, None
    try:
        response = await catalog.get(path)
        status = str(response.status_code)
        port_here = response.extensions["network_stream"].get_extra_info("client_addr")[1]
        body = response.json() if response.status_code == 200 else None
    finally:
        base = catalog.base_url
        noted.note("http", base.netloc.decode(), "GET", path, status, port_here, base.scheme == "https", start)
    return body


async def command(noted, *words):
    """Each client has one connection, and nobody else uses it meanwhile."""
    host, port, tls = address_of("REDIS")
    client = clients.get_nowait() if not clients.empty() else redis.asyncio.Redis(host=host, port=port, ssl=tls, ssl_cert_reqs="none", ssl_check_hostname=False)
    if client.connection is None:
        client.connection = await client.connection_pool.get_connection()
    port_here = client.connection._writer.get_extra_info("sockname")[1]
    start = time.time_ns()
    answer = await client.execute_command(*words)
    noted.note("redis", f"{host}:{port}", words[0], " ".join(map(str, words)), "ok", port_here, tls, start)
    clients.put_nowait(client)
    return answer


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    query = scope["query_string"].decode()
    target = scope["path"] + (f"?{query}" if query else "")
    noted = Request("recommendations", scope["method"], target, scope["server"][1], scope["client"][1])
    user = scope["path"].rpartition("/")[2]
    status, answer = 404, []
    if user.isdigit():
        first = int(user) % 180 + 1
        products = await asyncio.gather(get(noted, f"/products/{first}"), get(noted, f"/products/{first + 7}"))
        await command(noted, "SET", f"recommended:{user}", str(first), "EX", "60")
        status, answer = 200, [product for product in products if product is not None]
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    noted.finish(status)
