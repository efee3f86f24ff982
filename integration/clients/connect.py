"""Talks to a ClickHouse HTTP interface through clickhouse-connect: arguments are host and port. Fails on what differs."""

import datetime as dt
import sys

import clickhouse_connect
import pandas
import pyarrow
from clickhouse_connect.driver.exceptions import DatabaseError

host, port = sys.argv[1], int(sys.argv[2])
rows = [
    [i, f"name-{i}\n\n", dt.datetime(2026, 11, 21, 1, 2, i % 60), {"a": str(i)}, [i, i + 1], None if i % 2 else i / 3]
    for i in range(1000)
]
columns = ["id", "name", "at", "attributes", "list", "maybe"]

for compression in (False, "lz4", "zstd", "gzip"):
    client = clickhouse_connect.get_client(host=host, port=port, compress=compression)
    assert client.ping()
    client.command("CREATE DATABASE IF NOT EXISTS otel")
    client.command("DROP TABLE IF EXISTS otel.py")
    client.command(
        "CREATE TABLE otel.py (id UInt64, name LowCardinality(String), at DateTime, "
        "attributes Map(LowCardinality(String), String), list Array(UInt32), maybe Nullable(Float64)) "
        "ENGINE = MergeTree ORDER BY id"
    )
    summary = client.insert("otel.py", rows, column_names=columns)
    assert summary.written_rows == 1000, summary.summary
    result = client.query("SELECT * FROM otel.py ORDER BY id")
    assert [list(row) for row in result.result_rows] == rows
    bound = client.query(
        "SELECT {n:UInt8}, {t:String}, {l:Array(String)}", parameters={"n": 7, "t": "it's\n\t\\", "l": ["a'b"]}
    )
    assert bound.result_rows == [(7, "it's\n\t\\", ["a'b"])], bound.result_rows
    assert client.query("SELECT getSetting('max_threads')", settings={"max_threads": 3}).first_row == (3,)
    assert client.raw_query("SELECT 1 FORMAT CSV") == b"1\n"

    frame = client.query_df("SELECT id, name FROM otel.py ORDER BY id")
    assert frame.shape == (1000, 2)
    client.command("CREATE OR REPLACE TABLE otel.frame (id UInt64, name String) ENGINE = MergeTree ORDER BY id")
    client.insert_df("otel.frame", pandas.DataFrame({"id": [1, 2], "name": ["a", "b"]}))
    client.insert_arrow("otel.frame", pyarrow.table({"id": pyarrow.array([3], pyarrow.uint64()), "name": ["c"]}))
    assert client.query_arrow("SELECT * FROM otel.frame ORDER BY id").to_pydict()["id"] == [1, 2, 3]
    with client.query_row_block_stream("SELECT number FROM numbers(300000)") as stream:
        assert sum(len(block) for block in stream) == 300_000

    try:
        client.query("SELECT * FROM otel.nothing")
        raise AssertionError("an unknown table was found")
    except DatabaseError as error:
        assert "UNKNOWN_TABLE" in str(error), error
    client.close()

session = clickhouse_connect.get_client(host=host, port=port, session_id="py")
session.command("CREATE TEMPORARY TABLE mine (a UInt8)")
session.insert("mine", [[1], [2]], column_names=["a"])
assert session.query("SELECT count() FROM mine").first_row == (2,)
print("ok")
