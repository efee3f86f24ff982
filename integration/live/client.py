"""Makes calls to one real server and prints what it did by its own clock: one JSON line per call.

usage: client.py SCENARIO PORT COUNT CONCURRENCY
line:  {"method": ..., "target": ..., "status": ..., "start": unix ns, "end": unix ns}

Every call has a target of its own, so that it can be found again. `status` is `ok` or the protocol's word for the failure.
"""

import asyncio
import json
import random
import socket
import sys
import threading
import time
from http.client import HTTPConnection

host = "127.0.0.1"
lines = []
lock = threading.Lock()
pause = 0.0


def call(method, target, run):
    """
    Runs one call and notes when it began and ended; `run` returns the status, or None for ok.

    The pause before it leaves the processors to the others: a thread that waits for one waits on the client's clock only.
    """
    time.sleep(0.001 + random.random() * pause)
    start = time.time_ns()
    status = run()
    end = time.time_ns()
    note(method, target, status, start, end)


def note(method, target, status, start, end):
    with lock:
        lines.append({"method": method, "target": target, "status": status or "ok", "start": start, "end": end})


def http1(port, numbers):
    connection = HTTPConnection(host, port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(path):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return str(response.status)

    for number in numbers:
        path = ("/small", "/large", "/status/404", "/status/500")[number % 4] + f"?call={number}"
        call("GET", path, lambda: get(path))
    connection.close()


def http1_pipelined(port, numbers):
    """All requests are sent before the first response is read."""
    with socket.create_connection((host, port)) as connection:
        reader = connection.makefile("rb")
        starts = {}
        for number in numbers:
            starts[number] = time.time_ns()
            path = ("/small", "/status/404")[number % 2] + f"?call={number}"
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: pipelined\r\n\r\n".encode())
        for number in numbers:
            status = reader.readline().split()[1].decode()
            length = 0
            while (line := reader.readline()) != b"\r\n":
                name, value = line.split(b":", 1)
                if name.lower() == b"content-length":
                    length = int(value)
            reader.read(length)
            path = ("/small", "/status/404")[number % 2] + f"?call={number}"
            note("GET", path, status, starts[number], time.time_ns())


def redis(port, numbers):
    import redis as library

    client = library.Redis(host, port)
    client.ping()

    def failing(number):
        try:
            client.execute_command("LPUSH", f"key:{number - 1}", "x")
        except library.ResponseError as error:
            return str(error).split()[0]

    for number in numbers:
        if number % 3 == 0:
            call("SET", f"key:{number}", lambda: client.set(f"key:{number}", "v") and None)
        elif number % 3 == 1:
            call("LPUSH", f"key:{number - 1}", lambda: failing(number))
        else:
            call("GET", f"key:{number}", lambda: client.get(f"key:{number}") and None)


def redis_pipelined(port, numbers):
    import redis as library

    client = library.Redis(host, port)
    client.ping()
    pipeline = client.pipeline(transaction=False)
    for number in numbers:
        pipeline.set(f"piped:{number}", "v")
    start = time.time_ns()
    pipeline.execute()
    end = time.time_ns()
    for number in numbers:
        note("SET", f"piped:{number}", None, start, end)


def mysql(port, numbers):
    import pymysql

    connection = pymysql.connect(host=host, port=port, user="root", database="test_calls", autocommit=True)
    cursor = connection.cursor()

    def run(sql):
        try:
            cursor.execute(sql)
            cursor.fetchall()
        except pymysql.MySQLError as error:
            return str(error.args[0])

    for number in numbers:
        sql = (
            f"SELECT {number} AS call_{number}",
            f"SELECT * FROM missing_{number}",
            f"INSERT INTO calls VALUES ({number}, 'call_{number}')",
        )[number % 3]
        call(sql.split()[0], sql, lambda: run(sql))
    connection.close()


def mysql_setup(port, numbers):
    import pymysql

    connection = pymysql.connect(host=host, port=port, user="root", autocommit=True)
    cursor = connection.cursor()
    cursor.execute("CREATE DATABASE test_calls")
    cursor.execute("CREATE TABLE test_calls.calls (id INT, name VARCHAR(50))")
    connection.close()


def postgresql(port, numbers):
    import psycopg2

    connection = psycopg2.connect(host=host, port=port, user="postgres", dbname="postgres", sslmode="disable")
    connection.autocommit = True
    cursor = connection.cursor()

    def run(sql):
        try:
            cursor.execute(sql)
            cursor.fetchall()
        except psycopg2.Error as error:
            return error.pgcode

    for number in numbers:
        sql = (f"SELECT {number} AS call_{number}", f"SELECT * FROM missing_{number}")[number % 2]
        call("SELECT", sql, lambda: run(sql))
    connection.close()


def memcached(port, numbers):
    from pymemcache.client.base import Client

    client = Client((host, port), no_delay=True)
    for number in numbers:
        if number % 2 == 0:
            call("set", f"key:{number}", lambda: client.set(f"key:{number}", "v", noreply=False) and None)
        else:
            call("get", f"key:{number - 1}", lambda: client.get(f"key:{number - 1}") and None)


def mongodb(port, numbers):
    from pymongo import MongoClient

    client = MongoClient(host, port, directConnection=True)
    client.admin.command("ping")
    database = client.test_calls
    for number in numbers:
        name = f"calls_{number}"
        if number % 2 == 0:
            call("insert", name, lambda: database[name].insert_one({"n": number}) and None)
        else:
            call("find", name, lambda: list(database[name].find({"n": number})) and None)
    client.close()


def kafka(port, numbers):
    from kafka import KafkaProducer

    producer = KafkaProducer(
        bootstrap_servers=f"{host}:{port}", acks=1, linger_ms=0, max_in_flight_requests_per_connection=1
    )
    topic = f"calls-{numbers[0]}"
    producer.send(topic, b"first").get(30)
    for number in numbers:
        call("Produce", topic, lambda: producer.send(topic, f"call {number}".encode()).get(30) and None)
    producer.close()


def mqtt(port, numbers):
    import paho.mqtt.client as paho

    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=f"calls-{numbers[0]}", protocol=paho.MQTTv5)
    client.connect(host, port)
    client.loop_start()
    for number in numbers:
        call("PUBLISH", f"calls/{number}", lambda: client.publish(f"calls/{number}", "x", qos=1).wait_for_publish(10))
    client.disconnect()
    client.loop_stop()


def amqp(port, numbers):
    import pika

    connection = pika.BlockingConnection(pika.ConnectionParameters(host, port))
    channel = connection.channel()
    channel.confirm_delivery()
    for number in numbers:
        queue = f"calls-{number}"
        if number % 2 == 0:
            call("Queue.Declare", queue, lambda: channel.queue_declare(queue) and None)
        else:
            call("Queue.Delete", f"calls-{number - 1}", lambda: channel.queue_delete(f"calls-{number - 1}") and None)
    connection.close()


def nats(port, numbers):
    import nats as library

    async def run():
        connection = await library.connect(f"nats://{host}:{port}")

        async def answer(message):
            await message.respond(b"ok")

        await connection.subscribe(f"calls.{numbers[0]}.*", cb=answer)
        await connection.flush()
        for number in numbers:
            subject = f"calls.{numbers[0]}.{number}"
            start = time.time_ns()
            await connection.request(subject, b"x", timeout=10)
            note("PUB", subject, None, start, time.time_ns())
        await connection.close()

    asyncio.run(run())


def dns(port, numbers):
    import dns.message
    import dns.query
    import dns.rcode

    def ask(name):
        answer = dns.query.udp(dns.message.make_query(name, "A"), host, port=port, timeout=10)
        return None if answer.rcode() == 0 else dns.rcode.to_text(answer.rcode())

    for number in numbers:
        name = f"call-{number}.test" if number % 2 == 0 else f"call-{number}.invalid-name"
        call("A", name, lambda: ask(name))


def dns_tcp(port, numbers):
    import dns.message
    import dns.query
    import dns.rcode

    with socket.create_connection((host, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def ask(name):
            answer = dns.query.tcp(dns.message.make_query(name, "A"), host, timeout=10, sock=connection)
            return None if answer.rcode() == 0 else dns.rcode.to_text(answer.rcode())

        for number in numbers:
            name = f"call-{number}.test" if number % 2 == 0 else f"call-{number}.invalid-name"
            call("A", name, lambda: ask(name))


def main():
    global pause
    scenario, port, count, concurrency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    run = globals()[scenario]
    pause = 0.002 * concurrency
    shares = [list(range(worker * 100_000, worker * 100_000 + count)) for worker in range(concurrency)]
    threads = [threading.Thread(target=run, args=(port, share)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for line in lines:
        print(json.dumps(line))
    expected = 0 if scenario.endswith("_setup") else count * concurrency
    sys.exit(0 if len(lines) == expected else f"{len(lines)} of {expected} calls were made")


main()
