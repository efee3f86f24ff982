// generate sends fresh OTLP requests over gRPC, checks every acknowledgement and prints, as one line of JSON, what was
// acknowledged and how long acknowledgements took. It exits with 1 when a request was refused for good.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"otelcol-deepflow/bench/loadgen/payload"
	"otelcol-deepflow/bench/loadgen/rawgrpc"
)

type options struct {
	target      string
	signal      payload.Signal
	perRequest  int
	requests    uint64
	connections int
	inFlight    int
	gzip        bool
	order       string
	rate        float64
	seed        uint64
}

// Report is the line printed at the end.
type Report struct {
	payload.Tally
	Seconds float64 `json:"seconds"`
	// Retries are requests answered UNAVAILABLE or RESOURCE_EXHAUSTED and sent again.
	Retries     uint64    `json:"retries"`
	RetryReason string    `json:"retry_reason"`
	Failures    []string  `json:"failures"`
	AckMs       Quantiles `json:"ack_ms"`
}

func main() {
	var o options
	flag.StringVar(&o.target, "target", "127.0.0.1:4317", "OTLP/gRPC endpoint of the collector under test")
	signalName := flag.String("signal", "spans", "spans, logs or metrics")
	flag.IntVar(&o.perRequest, "per-request", 1000, "items in one request")
	flag.Uint64Var(&o.requests, "requests", 1000, "how many requests to send; 0 sends until SIGTERM")
	flag.IntVar(&o.connections, "connections", 4, "gRPC connections")
	flag.IntVar(&o.inFlight, "in-flight", 4, "requests in flight on each connection")
	flag.BoolVar(&o.gzip, "gzip", false, "send gzip")
	flag.StringVar(&o.order, "order", "mixed", "order of the fields in messages: ascending, descending, or mixed: half of the requests each")
	flag.Float64Var(&o.rate, "rate", 0, "items a second; 0 sends as fast as acknowledgements come")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of ids and values; runs of one seed send the same ids")
	dump := flag.String("dump", "", "write one request to this file and send nothing")
	flag.Parse()
	o.signal = payload.Signal(*signalName)
	if _, known := rawgrpc.Services[o.signal]; !known {
		fail(fmt.Errorf("-signal %s: use spans, logs or metrics", *signalName))
	}
	orders, err := ordersOf(o.order)
	if err != nil {
		fail(err)
	}
	if *dump != "" {
		request := payload.New(o.signal, o.perRequest, orders[0], o.seed).Next(o.seed, uint64(time.Now().UnixNano()))
		if err := os.WriteFile(*dump, request, 0o644); err != nil {
			fail(err)
		}
		return
	}
	rawgrpc.RegisterGzip()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	report, err := run(ctx, o, orders)
	if err != nil {
		fail(err)
	}
	line, _ := json.Marshal(report)
	fmt.Println(string(line))
	if len(report.Failures) > 0 {
		os.Exit(1)
	}
}

func ordersOf(name string) ([]payload.Order, error) {
	switch name {
	case "mixed":
		return []payload.Order{payload.Ascending, payload.Descending}, nil
	case "ascending", "descending":
		return []payload.Order{payload.Order(name)}, nil
	}
	return nil, fmt.Errorf("-order %s: use ascending, descending or mixed", name)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "generate:", err)
	os.Exit(1)
}
