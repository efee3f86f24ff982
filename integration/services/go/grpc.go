// gRPC without generated code: messages are bytes as they are.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// The service that inventory offers.
const stockMethod = "/shop.Inventory/Stock"

// Tells calls apart that share a connection.
const requestID = "x-request-id"

type bytesCodec struct{}

func (bytesCodec) Marshal(value any) ([]byte, error) { return *value.(*[]byte), nil }
func (bytesCodec) Unmarshal(data []byte, value any) error {
	*value.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (bytesCodec) Name() string { return "bytes" }

type stockHandler func(ctx context.Context, r *request, product string) (string, error)

// newGRPCServer offers Stock.
func newGRPCServer(t *truth, secure *tls.Config, run stockHandler) *grpc.Server {
	transport := insecure.NewCredentials()
	if secure != nil {
		transport = credentials.NewTLS(secure)
	}
	server := grpc.NewServer(grpc.ForceServerCodec(bytesCodec{}), grpc.Creds(transport))
	handle := func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var message []byte
		if err := decode(&message); err != nil {
			return nil, err
		}
		from, _ := peer.FromContext(ctx)
		noted := t.begin("grpc", "POST", stockMethod, portOf(from.LocalAddr), portOf(from.Addr))
		if ids := metadata.ValueFromIncomingContext(ctx, requestID); len(ids) > 0 {
			noted.RequestID = ids[0]
		}
		answer, err := run(ctx, noted, string(message))
		noted.finish(status.Code(err).String())
		reply := []byte(answer)
		return &reply, err
	}
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "shop.Inventory",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Stock", Handler: handle}},
	}, new(any))
	return server
}

type grpcCaller struct {
	to         address
	port       *port
	connection *grpc.ClientConn
}

// newGRPC shares one connection between all calls.
func newGRPC(to address) *grpcCaller {
	caller := &grpcCaller{to: to, port: &port{}}
	transport := insecure.NewCredentials()
	if to.tls {
		transport = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	}
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return caller.port.dial(ctx, to, false) }
	connection, err := grpc.NewClient("passthrough:///"+to.hostPort, grpc.WithTransportCredentials(transport),
		grpc.WithContextDialer(dial), grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesCodec{})))
	if err != nil {
		panic(fmt.Sprint("gRPC: ", err))
	}
	caller.connection = connection
	return caller
}

func (g *grpcCaller) stock(r *request, product string) (answer string, err error) {
	made := call{Protocol: "grpc", Address: g.to.hostPort, Method: "POST", Target: stockMethod, TLS: g.to.tls, RequestID: r.truth.nextID()}
	called := context.Background()
	if made.RequestID != "" {
		called = metadata.AppendToOutgoingContext(called, requestID, made.RequestID)
	}
	r.call(made, func() (string, int) {
		question, reply := []byte(product), []byte(nil)
		err = g.connection.Invoke(called, stockMethod, &question, &reply)
		answer = string(reply)
		return status.Code(err).String(), int(g.port.number.Load())
	})
	return answer, err
}
