"""Accounts: Flask in threads of gunicorn, one thread a request; MariaDB by PyMySQL, Redis by redis-py, a connection each per thread."""

import ssl
import threading
import time

import pymysql
import redis
from flask import Flask, request
from truth import Request, address_of

app = Flask("accounts")
local = threading.local()
find_account = "SELECT name, blocked FROM accounts WHERE id = %s"


def unverified():
    """The servers' certificates are self-signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def database():
    if not hasattr(local, "database"):
        host, port, tls = address_of("MARIADB")
        security = {"ssl": unverified()} if tls else {"ssl_disabled": True}
        local.database = pymysql.connect(host=host, port=port, user="root", database="shop", autocommit=True, **security)
    return local.database


def store():
    if not hasattr(local, "store"):
        host, port, tls = address_of("REDIS")
        security = {"ssl": True, "ssl_cert_reqs": "none", "ssl_check_hostname": False} if tls else {}
        local.store = redis.Redis(host, port, single_connection_client=True, **security)
    return local.store


def sql(noted, statement):
    connection = database()
    host, port, tls = address_of("MARIADB")
    port_here = connection._sock.getsockname()[1]
    start = time.time_ns()
    status, rows = "ok", ()
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall()
    except pymysql.MySQLError as error:
        status = str(error.args[0])
    noted.note("mysql", f"{host}:{port}", statement.split()[0], statement, status, port_here, tls, start)
    return rows


def command(noted, *words):
    client = store()
    host, port, tls = address_of("REDIS")
    port_here = client.connection._sock.getsockname()[1]
    start = time.time_ns()
    status, answer = "ok", None
    try:
        answer = client.execute_command(*words)
    except redis.ResponseError as error:
        status = str(error).split()[0]
    noted.note("redis", f"{host}:{port}", words[0], " ".join(map(str, words)), status, port_here, tls, start)
    return answer


@app.get("/accounts/<int:number>")
def account(number):
    port_here = int(request.environ["SERVER_PORT"])
    target = request.full_path.rstrip("?")
    noted = Request("accounts", "GET", target, port_here, int(request.environ["REMOTE_PORT"]))
    # A connection is made before what is measured.
    store()
    command(noted, "INCR", f"visits:{number}")
    rows = sql(noted, find_account.replace("%s", str(number)))
    if not rows:
        answer, status = "no such account", 404
    elif rows[0][1]:
        answer, status = "blocked", 403
    else:
        answer, status = rows[0][0], 200
    noted.finish(status)
    return answer, status
