// Package payload makes OTLP requests that are fresh each time: a template is encoded once, then its ids, times and
// values are overwritten in place before every send, which costs far less than encoding.
package payload

import (
	"encoding/binary"
	"math"
	"sort"
)

// Order is the order in which a message's fields are written. Both are valid protobuf and both occur in the wild.
type Order string

const (
	Ascending  Order = "ascending"  // what the SDKs write
	Descending Order = "descending" // what the Go Collector's pdata writes
)

const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// node is one field of a protobuf message: a number, bytes, or a message of more nodes.
type node struct {
	field    int
	wire     int
	number   uint64
	bytes    []byte
	children []node
	fresh    fresh
	size     int // of the body of a message, set by measure
}

func message(field int, children ...node) node {
	return node{field: field, wire: wireBytes, children: children}
}

func bytesField(field int, bytes []byte) node {
	return node{field: field, wire: wireBytes, bytes: bytes}
}

// text is a string field; every run of # becomes fresh decimal digits, every run of ~ fresh hexadecimal ones.
func text(field int, value string) node { return bytesField(field, []byte(value)) }

func varint(field int, value uint64) node { return node{field: field, wire: wireVarint, number: value} }

func fixed64(field int, value uint64) node {
	return node{field: field, wire: wireFixed64, number: value}
}

func fixed32(field int, value uint32) node {
	return node{field: field, wire: wireFixed32, number: uint64(value)}
}

func double(field int, value float64) node { return fixed64(field, math.Float64bits(value)) }

func (n node) freshBy(f fresh) node {
	n.fresh = f
	return n
}

// sortFields puts the fields of every message into the order asked for; elements of a repeated field keep theirs.
func sortFields(nodes []node, order Order) {
	sort.SliceStable(nodes, func(a, b int) bool {
		if order == Descending {
			return nodes[a].field > nodes[b].field
		}
		return nodes[a].field < nodes[b].field
	})
	for i := range nodes {
		sortFields(nodes[i].children, order)
	}
}

// measure sets the size of every message below and returns the bytes that nodes take with their tags.
func measure(nodes []node) int {
	total := 0
	for i := range nodes {
		n := &nodes[i]
		total += varintSize(uint64(n.field) << 3)
		switch n.wire {
		case wireVarint:
			total += varintSize(n.number)
		case wireFixed64:
			total += 8
		case wireFixed32:
			total += 4
		case wireBytes:
			n.size = len(n.bytes)
			if n.children != nil {
				n.size = measure(n.children)
			}
			total += varintSize(uint64(n.size)) + n.size
		}
	}
	return total
}

// write appends the measured nodes to out and hands every place that is to be fresh to visit.
func write(out []byte, nodes []node, visit func(offset int, n *node)) []byte {
	for i := range nodes {
		n := &nodes[i]
		out = binary.AppendUvarint(out, uint64(n.field)<<3|uint64(n.wire))
		switch n.wire {
		case wireVarint:
			visit(len(out), n)
			out = binary.AppendUvarint(out, n.number)
		case wireFixed64:
			visit(len(out), n)
			out = binary.LittleEndian.AppendUint64(out, n.number)
		case wireFixed32:
			out = binary.LittleEndian.AppendUint32(out, uint32(n.number))
		case wireBytes:
			out = binary.AppendUvarint(out, uint64(n.size))
			if n.children != nil {
				out = write(out, n.children, visit)
				continue
			}
			visit(len(out), n)
			out = append(out, n.bytes...)
		}
	}
	return out
}

func varintSize(value uint64) int {
	size := 1
	for value >= 0x80 {
		value >>= 7
		size++
	}
	return size
}

func appendDouble(out []byte, value float64) []byte {
	return binary.LittleEndian.AppendUint64(out, math.Float64bits(value))
}
