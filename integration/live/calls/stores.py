"""Calls to databases and caches."""

from calls.record import call, call_around, host, note


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
    connection = client.connection_pool.get_connection("SET")
    connection.send_packed_command(connection.pack_commands([("SET", f"piped:{number}", "v") for number in numbers]))
    sock = connection._sock
    start = sock.sent_at
    for number in numbers:
        connection.read_response()
        note("SET", f"piped:{number}", None, start, sock.received_at)
    connection.disconnect()


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

    # What the library needs for both is in memory before the clock counts.
    for sql in ("SELECT 1", "SELECT * FROM missing"):
        run(sql)
    for number in numbers:
        sql = (f"SELECT {number} AS call_{number}", f"SELECT * FROM missing_{number}")[number % 2]
        call_around("SELECT", sql, lambda: run(sql))
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
