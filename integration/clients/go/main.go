// Talks to a ClickHouse HTTP interface through clickhouse-go: makes a table with every type that our tables use,
// inserts a batch, reads it back and compares. Arguments: address, compression. Prints what differs and exits 1.
package main

import (
	"context"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

const columns = `
	day Date, at DateTime64(9, 'UTC'), seconds DateTime('UTC'), flag Bool,
	small UInt8, wide UInt64, signed Int64, code Int32, value Float64, maybe Nullable(Float64),
	text String, word LowCardinality(String), maybe_word LowCardinality(Nullable(String)),
	trace FixedString(16), id UUID, kind Enum8('gauge' = 1, 'it''s, (odd)' = 2), price Decimal(18, 4),
	attributes Map(LowCardinality(String), String), words Array(LowCardinality(String)),
	counts Array(UInt64), bounds Array(Float64), lists Array(Array(String)),
	events Nested (at DateTime64(9, 'UTC'), name LowCardinality(String), attributes Map(LowCardinality(String), String)),
	pair Tuple(left String, right UInt32), big UInt128`

var methods = map[string]clickhouse.CompressionMethod{
	"none": clickhouse.CompressionNone, "lz4": clickhouse.CompressionLZ4, "zstd": clickhouse.CompressionZSTD,
	"gzip": clickhouse.CompressionGZIP, "deflate": clickhouse.CompressionDeflate, "br": clickhouse.CompressionBrotli,
}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

func run(address, compression string) error {
	ctx := context.Background()
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{address}, Protocol: clickhouse.HTTP,
		Auth:        clickhouse.Auth{Database: "default", Username: "default"},
		Compression: &clickhouse.Compression{Method: methods[compression], Level: 3},
		Settings:    clickhouse.Settings{"max_execution_time": 20},
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	table := "otel.go_" + compression
	for _, statement := range []string{
		"CREATE DATABASE IF NOT EXISTS otel",
		"DROP TABLE IF EXISTS " + table,
		"CREATE TABLE " + table + " (" + columns + ") ENGINE = MergeTree ORDER BY tuple()",
	} {
		if err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}

	const rows = 20_000
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO "+table)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	for i := range rows {
		if err := batch.Append(row(i)...); err != nil {
			return fmt.Errorf("append: %w", err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("send: %w", err)
	}

	result, err := conn.Query(ctx, "SELECT * FROM "+table+" ORDER BY wide")
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer result.Close()
	count := 0
	for ; result.Next(); count++ {
		want := row(count)
		got := make([]any, len(want))
		for i := range want {
			got[i] = reflect.New(reflect.TypeOf(want[i])).Interface()
		}
		if err := result.Scan(got...); err != nil {
			return fmt.Errorf("scan: %w", err)
		}
		for i := range want {
			is, shall := fmt.Sprint(printable(reflect.ValueOf(got[i]).Elem().Interface())), fmt.Sprint(printable(want[i]))
			if is != shall {
				return fmt.Errorf("row %d, column %s: %s instead of %s", count, result.Columns()[i], is, shall)
			}
		}
	}
	if err := result.Err(); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if count != rows {
		return fmt.Errorf("%d rows instead of %d", count, rows)
	}

	var n uint64
	if err := conn.QueryRow(ctx, "SELECT count() FROM "+table+" WHERE wide < {limit:UInt64}", clickhouse.Named("limit", "10")).Scan(&n); err != nil || n != 10 {
		return fmt.Errorf("parameter: %d, %v", n, err)
	}
	none, err := conn.Query(ctx, "SELECT text FROM "+table+" WHERE wide > 1000000")
	if err != nil || none.Next() {
		return fmt.Errorf("no rows: %v", err)
	}
	// Through Query: of a failed Exec clickhouse-go decompresses an answer that it did not ask to be compressed.
	_, err = conn.Query(ctx, "SELECT * FROM otel.nothing")
	if err == nil || !strings.Contains(err.Error(), "UNKNOWN_TABLE") {
		return fmt.Errorf("an unknown table gave: %v", err)
	}
	return nil
}

func row(i int) []any {
	at := time.Unix(1_790_000_000, int64(i)*1001).UTC()
	value, word := float64(i)/3, fmt.Sprintf("word-%d", i%300)
	var maybe *float64
	var maybeWord *string
	if i%3 != 0 {
		maybe, maybeWord = &value, &word
	}
	attributes := map[string]string{"http.method": "GET", "n": fmt.Sprint(i), word: strings.Repeat("x", i%200)}
	times, names, maps := []time.Time{}, []string{}, []map[string]string{}
	for e := range i % 3 {
		times, names, maps = append(times, at), append(names, fmt.Sprintf("event-%d", e)), append(maps, map[string]string{"e": fmt.Sprint(e)})
	}
	return []any{
		at.Truncate(24 * time.Hour), at, at.Truncate(time.Second), i%2 == 0,
		uint8(i), uint64(i), int64(-i), int32(i), value, maybe,
		strings.Repeat("é\n\n\x00", i%50), word, maybeWord,
		fmt.Sprintf("%016d", i), uuid.NewSHA1(uuid.Nil, []byte(fmt.Sprint(i))), []string{"gauge", "it's, (odd)"}[i%2], price(i),
		attributes, []string{word, "b"}[:i%3],
		[]uint64{uint64(i), 2}[:i%3], []float64{value}[:i%2], [][]string{{"a"}, {}, {"b", word}}[:i%4],
		times, names, maps,
		[]any{word, uint32(i)}, huge(i),
	}
}

// printable follows pointers and gives times a fixed form, so that values of either side compare as text.
func printable(value any) any {
	switch v := value.(type) {
	case *float64:
		if v != nil {
			return *v
		}
		return "null"
	case *string:
		if v != nil {
			return *v
		}
		return "null"
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return value
}

func price(i int) decimal.Decimal { return decimal.New(int64(i), -4) }

func huge(i int) *big.Int { return new(big.Int).Lsh(big.NewInt(int64(i)), 70) }
