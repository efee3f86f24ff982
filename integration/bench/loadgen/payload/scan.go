// Counting what is inside a request without decoding it: the sink's proof that every item arrived, and arrived once.
package payload

import (
	"encoding/binary"
	"errors"
)

// Tally is what was sent or received. Checksum is the sum, over all items, of the 8 bytes that tell the items of one
// run apart: a span's id, a log record's time, a metric point's time. Equal items and checksum mean nothing was lost,
// doubled or changed on the way, in whatever order it came.
type Tally struct {
	Requests uint64 `json:"requests"`
	Items    uint64 `json:"items"`
	Bytes    uint64 `json:"bytes"`
	Checksum uint64 `json:"checksum,string"`
}

func (t *Tally) Add(other Tally) {
	t.Requests += other.Requests
	t.Items += other.Items
	t.Bytes += other.Bytes
	t.Checksum += other.Checksum
}

var errMalformed = errors.New("not an OTLP request")

// Scan tallies one request of a signal. Field numbers: opentelemetry-proto, collector and {trace,logs,metrics}/v1.
func Scan(signal Signal, request []byte) (Tally, error) {
	t := Tally{Requests: 1, Bytes: uint64(len(request))}
	identity := func(field int, wire int) bool { return field == 1 && wire == wireFixed64 } // LogRecord.time_unix_nano
	path := []int{1, 2, 2}                                                                  // resource_*, scope_*, item
	switch signal {
	case Spans:
		identity = func(field, wire int) bool { return field == 2 && wire == wireBytes } // Span.span_id
	case Metrics:
		identity = func(field, wire int) bool { return field == 3 && wire == wireFixed64 } // *DataPoint.time_unix_nano
		path = []int{1, 2, 2, anyPoints, 1}
	}
	err := descend(request, path, func(item []byte) error {
		t.Items++
		return eachField(item, func(field, wire int, body []byte) error {
			if identity(field, wire) && len(body) == 8 {
				t.Checksum += binary.LittleEndian.Uint64(body)
			}
			return nil
		})
	})
	return t, err
}

// anyPoints in a path stands for Metric's gauge, sum, histogram, exponential histogram and summary.
const anyPoints = -1

func descend(body []byte, path []int, item func([]byte) error) error {
	if len(path) == 0 {
		return item(body)
	}
	return eachField(body, func(field, wire int, body []byte) error {
		matches := field == path[0] || path[0] == anyPoints && (field == 5 || field == 7 || field >= 9 && field <= 11)
		if wire != wireBytes || !matches {
			return nil
		}
		return descend(body, path[1:], item)
	})
}

// eachField calls visit with every field of a message; body is what follows the tag, without a length prefix.
func eachField(message []byte, visit func(field, wire int, body []byte) error) error {
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 {
			return errMalformed
		}
		message = message[n:]
		wire := int(tag & 7)
		size := 0
		switch wire {
		case wireVarint:
			if _, size = binary.Uvarint(message); size <= 0 {
				return errMalformed
			}
		case wireFixed64:
			size = 8
		case wireFixed32:
			size = 4
		case wireBytes:
			length, n := binary.Uvarint(message)
			if n <= 0 || length > uint64(len(message)-n) {
				return errMalformed
			}
			message, size = message[n:], int(length)
		default:
			return errMalformed
		}
		if size > len(message) {
			return errMalformed
		}
		if err := visit(int(tag>>3), wire, message[:size]); err != nil {
			return err
		}
		message = message[size:]
	}
	return nil
}
