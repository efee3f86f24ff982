// sink is the next hop of the bench: it takes OTLP over gRPC and ClickHouse inserts over HTTP, counts what is inside,
// and throws it away, so that no server's cost is part of the measurement. It prints its addresses as one line of JSON;
// GET /tally on the control address answers what came so far.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	otlp := flag.String("otlp", "127.0.0.1:0", "address for OTLP/gRPC")
	clickhouse := flag.String("clickhouse", "127.0.0.1:0", "address for the ClickHouse HTTP interface")
	control := flag.String("control", "127.0.0.1:0", "address for GET /tally")
	flag.Parse()

	counts := newCounts()
	addresses := map[string]string{
		"otlp":       serveOTLP(listen(*otlp), counts),
		"clickhouse": serveClickHouse(listen(*clickhouse), counts),
		"control":    serveControl(listen(*control), counts),
	}
	line, _ := json.Marshal(addresses)
	fmt.Println(string(line))

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
}

func serveControl(listener net.Listener, counts *counts) string {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tally", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(counts.snapshot())
	})
	go func() { fail(http.Serve(listener, mux)) }()
	return listener.Addr().String()
}

func listen(address string) net.Listener {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fail(err)
	}
	return listener
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "sink:", err)
	os.Exit(1)
}
