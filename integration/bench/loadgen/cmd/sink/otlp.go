package main

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"otelcol-deepflow/bench/loadgen/payload"
	"otelcol-deepflow/bench/loadgen/rawgrpc"
)

// serveOTLP answers every Export call with full success once its items are counted.
func serveOTLP(listener net.Listener, counts *counts) string {
	rawgrpc.RegisterGzip()
	const maxMessageBytes = 512 << 20
	server := grpc.NewServer(
		grpc.ForceServerCodecV2(rawgrpc.Codec{}),
		grpc.MaxRecvMsgSize(maxMessageBytes),
		grpc.InitialWindowSize(rawgrpc.WindowBytes), grpc.InitialConnWindowSize(rawgrpc.WindowBytes),
		grpc.ReadBufferSize(512<<10),
	)
	for signal, service := range rawgrpc.Services {
		server.RegisterService(&grpc.ServiceDesc{
			ServiceName: service,
			HandlerType: (*any)(nil),
			Methods:     []grpc.MethodDesc{{MethodName: "Export", Handler: export(signal, counts)}},
		}, nil)
	}
	go func() { fail(server.Serve(listener)) }()
	return listener.Addr().String()
}

func export(signal payload.Signal, counts *counts) grpc.MethodHandler {
	return func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var request []byte
		if err := decode(&request); err != nil {
			counts.addError(err)
			return nil, err
		}
		tally, err := payload.Scan(signal, request)
		if err != nil {
			counts.addError(err)
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
		counts.addOTLP(signal, tally)
		return &[]byte{}, nil
	}
}
