package payload

import (
	"fmt"
	"testing"

	logsv1 "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricsv1 "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

func decode(t *testing.T, signal Signal, bytes []byte) proto.Message {
	t.Helper()
	var message proto.Message
	switch signal {
	case Spans:
		message = &tracev1.ExportTraceServiceRequest{}
	case Logs:
		message = &logsv1.ExportLogsServiceRequest{}
	case Metrics:
		message = &metricsv1.ExportMetricsServiceRequest{}
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: false}).Unmarshal(bytes, message); err != nil {
		t.Fatal(err)
	}
	return message
}

var bySignal = []struct {
	signal      Signal
	bytesAtMost int
	bytesLeast  int
}{
	{Spans, 720_000, 640_000},
	{Logs, 480_000, 420_000},
	{Metrics, 340_000, 300_000},
}

func TestBothOrdersAreTheSameMessageToAnIndependentDecoder(t *testing.T) {
	for _, c := range bySignal {
		ascending := New(c.signal, 1000, Ascending, 7).Next(42, 1_000_000)
		descending := New(c.signal, 1000, Descending, 7).Next(42, 1_000_000)
		if len(ascending) != len(descending) {
			t.Errorf("%s: %d bytes ascending, %d descending", c.signal, len(ascending), len(descending))
		}
		if len(ascending) > c.bytesAtMost || len(ascending) < c.bytesLeast {
			t.Errorf("%s: a request of 1,000 has %d bytes", c.signal, len(ascending))
		}
		a, d := proto.Size(decode(t, c.signal, ascending)), proto.Size(decode(t, c.signal, descending))
		if a != len(ascending) || d != a {
			t.Errorf("%s: the decoder kept %d of %d bytes ascending, %d descending", c.signal, a, len(ascending), d)
		}
	}
}

func TestScanFindsEveryItem(t *testing.T) {
	for _, c := range bySignal {
		for _, items := range []int{1, 20, 100, 1000} {
			for _, order := range []Order{Ascending, Descending} {
				request := New(c.signal, items, order, 3).Next(5, 9)
				tally, err := Scan(c.signal, request)
				if err != nil || tally.Items != uint64(items) {
					t.Errorf("%s %d %s: found %d (%v)", c.signal, items, order, tally.Items, err)
				}
			}
		}
	}
}

func TestScanRefusesATruncatedRequest(t *testing.T) {
	request := New(Spans, 20, Ascending, 3).Next(5, 9)
	if _, err := Scan(Spans, request[:len(request)-3]); err == nil {
		t.Error("a truncated request was counted")
	}
}

func TestEveryRequestIsFresh(t *testing.T) {
	template := New(Spans, 1000, Ascending, 1)
	traces, spans := map[string]bool{}, map[string]bool{}
	paths := map[string]bool{}
	for serial := range uint64(20) {
		request := decode(t, Spans, template.Next(serial, 1_000_000*serial)).(*tracev1.ExportTraceServiceRequest)
		for _, resource := range request.ResourceSpans {
			for _, span := range resource.ScopeSpans[0].Spans {
				traces[string(span.TraceId)] = true
				spans[string(span.SpanId)] = true
				for _, a := range span.Attributes {
					if a.Key == "url.path" {
						paths[a.Value.GetStringValue()] = true
					}
				}
			}
		}
	}
	if len(traces) != 20*125 || len(spans) != 20_000 || len(paths) < 7_000 {
		t.Errorf("20 requests of 1,000 spans: %d traces, %d spans, %d url.path", len(traces), len(spans), len(paths))
	}
}

func TestSpansHaveTheShapeTheBenchStates(t *testing.T) {
	request := decode(t, Spans, New(Spans, 1000, Ascending, 1).Next(1, 1)).(*tracev1.ExportTraceServiceRequest)
	attributes, events, links := 0, 0, 0
	for _, resource := range request.ResourceSpans {
		if len(resource.Resource.Attributes) != 17 {
			t.Errorf("resource attributes: %d", len(resource.Resource.Attributes))
		}
		for _, span := range resource.ScopeSpans[0].Spans {
			attributes += len(span.Attributes)
			events += len(span.Events)
			links += len(span.Links)
		}
	}
	got := fmt.Sprintf("%d resources", len(request.ResourceSpans))
	if got != "10 resources" || attributes < 12_200 || attributes > 13_000 || events < 90 || events > 150 || links < 8 || links > 35 {
		t.Errorf("%s, %d attributes, %d events, %d links in 1,000 spans", got, attributes, events, links)
	}
}

func BenchmarkNext(b *testing.B) {
	template := New(Spans, 1000, Ascending, 1)
	for i := 0; b.Loop(); i++ {
		template.Next(uint64(i), 1)
	}
}
