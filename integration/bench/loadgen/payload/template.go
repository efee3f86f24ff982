// A template: one encoded request and the list of places in it that are overwritten before each send.
package payload

import (
	"encoding/binary"
	"math"
)

// Signal is what a request carries.
type Signal string

const (
	Spans   Signal = "spans"
	Logs    Signal = "logs"
	Metrics Signal = "metrics"
)

// fresh says how a place gets its next value. All of them keep their length, so that no length prefix changes.
type fresh struct {
	kind freshKind
	// index of the trace, span or resource within the request, or the offset in nanoseconds of a time.
	index uint64
}

type freshKind uint8

const (
	stays       freshKind = iota // but for runs of # and ~ in text
	asTraceID                    // 16 bytes, equal for equal index within one request
	asSpanID                     // 8 bytes, equal for equal index within one request
	asTime                       // fixed64 nanoseconds: now + index + up to a millisecond
	asNow                        // fixed64 nanoseconds: equal within one request
	asInteger                    // fixed64 below 2^32
	asDouble                     // fixed64 bits of a number from 0 to 1,000
	asPort                       // a varint of two bytes
	asPodDigits                  // hexadecimal digits of one of 64 pods, chosen by index (the resource) and request
	asDigits                     // found by the encoder in text
	asHexDigits
)

// podsPerService bounds how many distinct resources a service shows over time, as a deployment's replicas do.
const podsPerService = 64

type place struct {
	offset int
	length int
	fresh  fresh
	// role tells the places of one pod's digits apart (name, uid, container id).
	role uint64
}

// Template is owned by one goroutine: Next overwrites the bytes it returned before.
type Template struct {
	bytes  []byte
	places []place
	items  int
}

// New builds a template of one signal; seed varies the values that stay the same from request to request.
func New(signal Signal, items int, order Order, seed uint64) *Template {
	var fields []node
	random := Random(seed)
	switch signal {
	case Spans:
		fields = traces(items, &random)
	case Logs:
		fields = logs(items, &random)
	case Metrics:
		fields = metrics(items, &random)
	}
	sortFields(fields, order)
	t := &Template{items: items}
	t.bytes = make([]byte, 0, measure(fields))
	t.bytes = write(t.bytes, fields, t.note)
	return t
}

// Items is the number of spans, log records or metric points in each request.
func (t *Template) Items() int { return t.items }

// Next makes the request fresh and returns its bytes, valid until the next call. Serial must differ for every request.
func (t *Template) Next(serial uint64, nowNs uint64) []byte {
	random := Random(mix(serial))
	for i := range t.places {
		p := &t.places[i]
		out := t.bytes[p.offset : p.offset+p.length]
		switch p.fresh.kind {
		case asTraceID:
			binary.LittleEndian.PutUint64(out, mix(serial<<20|p.fresh.index|1<<63))
			binary.LittleEndian.PutUint64(out[8:], mix(^(serial<<20 | p.fresh.index)))
		case asSpanID:
			binary.LittleEndian.PutUint64(out, mix(serial<<20|p.fresh.index))
		case asTime:
			binary.LittleEndian.PutUint64(out, nowNs+p.fresh.index+random.next()>>44)
		case asNow:
			binary.LittleEndian.PutUint64(out, nowNs)
		case asInteger:
			binary.LittleEndian.PutUint64(out, random.next()>>32)
		case asDouble:
			binary.LittleEndian.PutUint64(out, math.Float64bits(float64(random.next()>>11)*(1000.0/(1<<53))))
		case asPort:
			r := random.next()
			out[0] = 0x80 | byte(r)
			out[1] = 0x40 | byte(r>>8)&0x3f
		case asPodDigits:
			pod := mix(serial*31+p.fresh.index) % podsPerService
			digits(out, hexDigits, Random(mix(pod<<32|p.fresh.index<<20|p.role)))
		case asDigits:
			digits(out, decimalDigits, random)
			random.next()
		case asHexDigits:
			digits(out, hexDigits, random)
			random.next()
		}
	}
	return t.bytes
}

const (
	decimalDigits = "0123456789012345"
	hexDigits     = "0123456789abcdef"
)

func digits(out []byte, alphabet string, random Random) {
	var bits uint64
	for i := range out {
		if i&15 == 0 {
			bits = random.next()
		}
		out[i] = alphabet[bits&15]
		bits >>= 4
	}
}

func (t *Template) note(offset int, n *node) {
	if n.wire != wireBytes {
		if n.fresh.kind == asPort {
			t.places = append(t.places, place{offset: offset, length: 2, fresh: n.fresh})
		} else if n.fresh.kind != stays {
			t.places = append(t.places, place{offset: offset, length: 8, fresh: n.fresh})
		}
		return
	}
	if n.fresh.kind == asTraceID || n.fresh.kind == asSpanID {
		t.places = append(t.places, place{offset: offset, length: len(n.bytes), fresh: n.fresh})
		return
	}
	for start := 0; start < len(n.bytes); {
		mark := n.bytes[start]
		end := start + 1
		for end < len(n.bytes) && n.bytes[end] == mark {
			end++
		}
		p := place{offset: offset + start, length: end - start, fresh: fresh{kind: asDigits}}
		if mark == '~' {
			p.fresh.kind = asHexDigits
		}
		if n.fresh.kind == asPodDigits {
			p.fresh = n.fresh
			p.role = uint64(len(n.bytes)+start) + sum(n.bytes)
		}
		if mark == '#' || mark == '~' {
			t.places = append(t.places, p)
		}
		start = end
	}
}

func sum(bytes []byte) uint64 {
	total := uint64(0)
	for _, b := range bytes {
		total += uint64(b)
	}
	return total
}

// Random is a splitmix64 sequence: fast, seeded, good enough for values that only have to differ.
type Random uint64

func (r *Random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	return mix(uint64(*r))
}

func (r *Random) below(n int) int { return int(r.next()>>33) % n }

func (r *Random) chance(percent int) bool { return r.below(100) < percent }

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
