package main

import (
	"reflect"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
)

// nativeBlock is written by ClickHouse's own Go encoder, as a client of the HTTP interface writes it.
func nativeBlock(t *testing.T, rows int) []byte {
	t.Helper()
	var name proto.ColStr
	service := new(proto.ColStr).LowCardinality()
	attributes := proto.NewMap(new(proto.ColStr).LowCardinality(), proto.ColumnOf[string](new(proto.ColStr)))
	times := new(proto.ColDateTime64).WithPrecision(proto.PrecisionNano)
	lists := proto.NewArray[string](new(proto.ColStr).LowCardinality())
	id := &proto.ColFixedStr{Size: 16}
	level := new(proto.ColUInt8).Nullable()
	for i := range rows {
		name.Append("GET /api")
		service.Append([]string{"cart", "checkout", "payment"}[i%3])
		attributes.Append(map[string]string{"k": "v", "n": "1"})
		times.AppendRaw(proto.DateTime64(i))
		lists.Append([]string{"a", "b"}[:i%3])
		id.Append(make([]byte, 16))
		level.Append(proto.NewNullable(uint8(i)))
	}
	var buffer proto.Buffer
	block := proto.Block{Rows: rows, Columns: 7}
	err := block.EncodeRawBlock(&buffer, 0, proto.Input{
		{Name: "name", Data: name}, {Name: "service", Data: service}, {Name: "attributes", Data: attributes},
		{Name: "times", Data: times}, {Name: "lists", Data: lists}, {Name: "id", Data: id}, {Name: "level", Data: level},
	})
	if err != nil {
		t.Fatal(err)
	}
	return buffer.Buf
}

func TestCountsTheRowsOfAllBlocks(t *testing.T) {
	body := append(nativeBlock(t, 3), nativeBlock(t, 1000)...)
	if rows, err := countNativeRows(body); err != nil || rows != 1003 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestRefusesABlockThatIsCutAnywhere(t *testing.T) {
	body := nativeBlock(t, 5)
	for length := 1; length < len(body); length++ {
		if rows, err := countNativeRows(body[:length]); err == nil {
			t.Fatalf("the first %d of %d bytes were counted as %d rows", length, len(body), rows)
		}
	}
}

func TestDescribesTheTableItWasToldToCreate(t *testing.T) {
	columns := columnsOf("CREATE TABLE IF NOT EXISTS \"otel\".\"otel_traces\"  (\n" +
		"    Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)),\n" +
		"    `Service.Name` LowCardinality(String) COMMENT 'a, b' CODEC(ZSTD(1)),\n" +
		"    Attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),\n" +
		"    Monotonic Boolean CODEC(Delta, ZSTD(1)),\n" +
		"    Pod LowCardinality(String) MATERIALIZED Attributes['k8s.pod.name'] CODEC(ZSTD(1)),\n" +
		"    Events Nested (\n        Timestamp DateTime64(9),\n        Attributes Map(LowCardinality(String), String)\n    ) CODEC(ZSTD(1)),\n" +
		"    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1\n" +
		") ENGINE = MergeTree() PARTITION BY toDate(Timestamp)")
	expected := []columnOfTable{
		{"Timestamp", "DateTime64(9)", ""},
		{"Service.Name", "LowCardinality(String)", ""},
		{"Attributes", "Map(LowCardinality(String), String)", ""},
		{"Monotonic", "Bool", ""},
		{"Pod", "LowCardinality(String)", "MATERIALIZED"},
		{"Events.Timestamp", "Array(DateTime64(9))", ""},
		{"Events.Attributes", "Array(Map(LowCardinality(String), String))", ""},
	}
	if !reflect.DeepEqual(columns, expected) {
		t.Errorf("got %v", columns)
	}
}
