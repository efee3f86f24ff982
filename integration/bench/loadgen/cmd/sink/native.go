package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// countNativeRows walks the blocks of a ClickHouse Native body (written for protocol revision 0: no block info) and
// sums their rows. It reads through every column, so a block that is cut or malformed is an error, not a wrong count.
func countNativeRows(body []byte) (uint64, error) {
	r := nativeReader{bytes: body}
	var rows uint64
	for len(r.bytes) > 0 && r.err == nil {
		columns, blockRows := r.varint(), r.varint()
		for range columns {
			name, kind := r.text(), r.text()
			if r.err == nil && blockRows > 0 {
				r.prefix(kind)
				r.column(kind, blockRows)
			}
			if r.err != nil {
				return 0, fmt.Errorf("block of %d rows, column %s %s: %w", blockRows, name, kind, r.err)
			}
		}
		rows += blockRows
	}
	return rows, r.err
}

type nativeReader struct {
	bytes []byte
	err   error
}

var errCut = errors.New("the body ends in the middle")

func (r *nativeReader) take(n uint64) []byte {
	if n > uint64(len(r.bytes)) {
		r.err = errCut
		r.bytes = nil
		return nil
	}
	taken := r.bytes[:n]
	r.bytes = r.bytes[n:]
	return taken
}

func (r *nativeReader) varint() uint64 {
	value, n := binary.Uvarint(r.bytes)
	if n <= 0 {
		r.err = errCut
		r.bytes = nil
		return 0
	}
	r.bytes = r.bytes[n:]
	return value
}

func (r *nativeReader) text() string { return string(r.take(r.varint())) }

func (r *nativeReader) u64() uint64 {
	if word := r.take(8); word != nil {
		return binary.LittleEndian.Uint64(word)
	}
	return 0
}

// prefix reads what precedes a column's data: the version word of each LowCardinality inside it.
func (r *nativeReader) prefix(kind string) {
	name, arguments := splitType(kind)
	switch name {
	case "LowCardinality":
		if version := r.u64(); version != 1 && r.err == nil {
			r.err = fmt.Errorf("LowCardinality version %d", version)
		}
	case "Array", "Map", "Tuple", "Nullable":
		for _, argument := range arguments {
			r.prefix(argument)
		}
	}
}

func (r *nativeReader) column(kind string, rows uint64) {
	if rows == 0 || r.err != nil {
		return
	}
	name, arguments := splitType(kind)
	switch name {
	case "String":
		for range rows {
			r.take(r.varint())
			if r.err != nil {
				return
			}
		}
	case "LowCardinality":
		r.lowCardinality(arguments[0])
	case "Array":
		r.column(arguments[0], r.offsets(rows))
	case "Map":
		entries := r.offsets(rows)
		r.column(arguments[0], entries)
		r.column(arguments[1], entries)
	case "Tuple":
		for _, argument := range arguments {
			r.column(argument, rows)
		}
	case "Nullable":
		r.take(rows)
		r.column(arguments[0], rows)
	case "FixedString":
		size, _ := strconv.ParseUint(arguments[0], 10, 32)
		r.take(rows * size)
	default:
		size, known := fixedSizes[name]
		if !known {
			r.err = fmt.Errorf("the sink does not know the type %s", kind)
			return
		}
		r.take(rows * size)
	}
}

// offsets reads an array column's offsets and returns how many elements follow.
func (r *nativeReader) offsets(rows uint64) uint64 {
	words := r.take(8 * rows)
	if words == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(words[8*(rows-1):])
}

// lowCardinality reads flags, the dictionary, and the indexes whose width the low byte of the flags gives.
func (r *nativeReader) lowCardinality(kind string) {
	flags := r.u64()
	if name, arguments := splitType(kind); name == "Nullable" {
		kind = arguments[0]
	}
	r.column(kind, r.u64())
	if rows := r.u64(); r.err == nil {
		r.take(rows << (flags & 3))
	}
}

var fixedSizes = map[string]uint64{
	"Bool": 1, "UInt8": 1, "Int8": 1, "Enum8": 1, "UInt16": 2, "Int16": 2, "Enum16": 2, "Date": 2,
	"UInt32": 4, "Int32": 4, "Float32": 4, "DateTime": 4, "Date32": 4, "IPv4": 4,
	"UInt64": 8, "Int64": 8, "Float64": 8, "DateTime64": 8, "UInt128": 16, "Int128": 16, "UUID": 16, "IPv6": 16,
}

// splitType takes Map(LowCardinality(String), String) apart into Map and its two arguments.
func splitType(kind string) (string, []string) {
	open := strings.IndexByte(kind, '(')
	if open < 0 {
		return kind, nil
	}
	arguments := splitTopLevel(kind[open+1 : len(kind)-1])
	if kind[:open] == "Tuple" {
		for i, argument := range arguments {
			arguments[i] = withoutElementName(argument)
		}
	}
	return kind[:open], arguments
}

// withoutElementName drops the name of a named tuple's element: `name Type`.
func withoutElementName(element string) string {
	for i := range len(element) {
		switch element[i] {
		case '(':
			return element
		case ' ':
			return element[i+1:]
		}
	}
	return element
}

// splitTopLevel splits at commas that are in no parentheses and no quotes.
func splitTopLevel(list string) []string {
	var parts []string
	depth, start := 0, 0
	quoted := false
	for i := range len(list) {
		switch c := list[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, strings.TrimSpace(list[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(list[start:]))
}
