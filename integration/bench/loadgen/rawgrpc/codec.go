// Package rawgrpc moves OTLP messages over grpc-go as the bytes they are, so that neither generator nor sink spends
// time on decoding what they only make, count and throw away.
package rawgrpc

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"otelcol-deepflow/bench/loadgen/payload"
)

// Codec passes *[]byte through. It calls itself proto, so that the other side sees application/grpc+proto.
type Codec struct{}

var _ encoding.CodecV2 = Codec{}

func (Codec) Name() string { return "proto" }

func (Codec) Marshal(v any) (mem.BufferSlice, error) {
	bytes, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("rawgrpc: cannot send a %T", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(*bytes)}, nil
}

func (Codec) Unmarshal(data mem.BufferSlice, v any) error {
	bytes, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("rawgrpc: cannot receive into a %T", v)
	}
	*bytes = data.Materialize()
	return nil
}

// Service and method of each signal's Export call.
var Services = map[payload.Signal]string{
	payload.Spans:   "opentelemetry.proto.collector.trace.v1.TraceService",
	payload.Logs:    "opentelemetry.proto.collector.logs.v1.LogsService",
	payload.Metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
}

func ExportMethod(signal payload.Signal) string { return "/" + Services[signal] + "/Export" }

// WindowBytes is the HTTP/2 flow-control window of streams and connections: large enough never to be what is measured.
const WindowBytes = 16 << 20
