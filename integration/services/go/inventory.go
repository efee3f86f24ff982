// The inventory: how many of a product there are, by gRPC, from Redis; and one down when a product was sold, by HTTP.
package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func inventory(t *truth) error {
	store := newRedis(addressOf("REDIS"), connections)
	stock := func(_ context.Context, noted *request, product string) (string, error) {
		count, err := store.do(noted, "INCRBY", "stock:"+product, "0")
		if err != nil {
			return "", status.Error(codes.Unavailable, err.Error())
		}
		if product == "0" {
			return "", status.Error(codes.NotFound, "no such product")
		}
		return count, nil
	}
	ended := make(chan error)
	listen := func(name string, secure *tls.Config) {
		address := os.Getenv(name)
		if address == "" {
			return
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			panic(err)
		}
		go func() { ended <- newGRPCServer(t, secure, stock).Serve(listener) }()
	}
	listen("GRPC", nil)
	if os.Getenv("GRPCS") != "" {
		certificate, err := tls.LoadX509KeyPair(os.Getenv("CERTIFICATE"), os.Getenv("CERTIFICATE_KEY"))
		if err != nil {
			return err
		}
		listen("GRPCS", &tls.Config{Certificates: []tls.Certificate{certificate}})
	}
	mux := http.NewServeMux()
	handle(mux, t, "POST /stock/{id}/sold", func(w http.ResponseWriter, r *http.Request, noted *request) {
		left, err := store.do(noted, "DECR", "stock:"+r.PathValue("id"))
		if err != nil {
			answer(w, err, "")
			return
		}
		w.Write([]byte(left))
	})
	if os.Getenv("HTTP") != "" {
		go func() { ended <- serveHTTP(mux) }()
	}
	return <-ended
}
