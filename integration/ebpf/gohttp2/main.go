// HTTP/2 over TLS and plain, and gRPC over TLS and plain, over connections that live as long as their process.
//
//	server: listens, and prints the port of each kind
//	client KIND=PORT …: reads lines "KIND PREFIX COUNT", makes that many calls over the one connection of that kind, says "done"
//
// Each call has an X-Request-ID of its own, PREFIX-number, so that the tables of header fields are full soon and go on changing.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	requestID = "x-request-id"
	method    = "/old.Friend/Meet"
	path      = "/old/friend"
	// Calls at once.
	width = 4
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

type bytesCodec struct{}

func (bytesCodec) Marshal(value any) ([]byte, error) { return *value.(*[]byte), nil }
func (bytesCodec) Unmarshal(data []byte, value any) error {
	*value.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (bytesCodec) Name() string { return "bytes" }

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func protocols() *http.Protocols {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return protocols
}

// answer has a status that no static table has.
func answer(writer http.ResponseWriter, request *http.Request) {
	io.Copy(io.Discard, request.Body)
	writer.Header().Set("x-answer-to", request.Header.Get(requestID))
	writer.WriteHeader(http.StatusAccepted)
	writer.Write([]byte("ok"))
}

// meet refuses every second call.
func meet(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var message []byte
	if err := decode(&message); err != nil {
		return nil, err
	}
	id := metadata.ValueFromIncomingContext(ctx, requestID)[0]
	number, err := strconv.Atoi(id[strings.LastIndex(id, "-")+1:])
	check(err)
	grpc.SetHeader(ctx, metadata.Pairs("x-answer-to", id))
	if number%2 == 1 {
		return nil, status.Error(codes.AlreadyExists, "we have met")
	}
	return &message, nil
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	return listener
}

func server() {
	ports := map[string]int{}
	secure := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	for kind, transport := range map[string]credentials.TransportCredentials{
		"grpc":  insecure.NewCredentials(),
		"grpcs": credentials.NewTLS(secure),
	} {
		listener := listen()
		ports[kind] = listener.Addr().(*net.TCPAddr).Port
		served := grpc.NewServer(grpc.ForceServerCodec(bytesCodec{}), grpc.Creds(transport))
		methods := []grpc.MethodDesc{{MethodName: "Meet", Handler: meet}}
		served.RegisterService(&grpc.ServiceDesc{ServiceName: "old.Friend", HandlerType: (*any)(nil), Methods: methods}, new(any))
		go served.Serve(listener)
	}
	for _, kind := range []string{"http", "https"} {
		listener := listen()
		ports[kind] = listener.Addr().(*net.TCPAddr).Port
		served := &http.Server{Handler: http.HandlerFunc(answer), Protocols: protocols(), TLSConfig: secure.Clone()}
		if kind == "http" {
			go served.Serve(listener)
		} else {
			go served.ServeTLS(listener, "", "")
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(ports))
	io.Copy(io.Discard, os.Stdin)
}

// caller makes the call with that X-Request-ID.
type caller func(id string)

func httpCaller(kind, port string) caller {
	transport := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	transport.Protocols.SetHTTP2(kind == "https")
	transport.Protocols.SetUnencryptedHTTP2(kind == "http")
	client := &http.Client{Transport: transport}
	return func(id string) {
		request, err := http.NewRequest("PUT", fmt.Sprintf("%s://127.0.0.1:%s%s", kind, port, path), bytes.NewReader([]byte(id)))
		check(err)
		request.Header.Set(requestID, id)
		response, err := client.Do(request)
		check(err)
		defer response.Body.Close()
		io.Copy(io.Discard, response.Body)
		if response.StatusCode != http.StatusAccepted {
			panic(response.Status)
		}
	}
}

func grpcCaller(kind, port string) caller {
	transport := insecure.NewCredentials()
	if kind == "grpcs" {
		transport = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	}
	connection, err := grpc.NewClient("passthrough:///127.0.0.1:"+port, grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesCodec{})))
	check(err)
	return func(id string) {
		question, reply := []byte(id), []byte(nil)
		ctx := metadata.AppendToOutgoingContext(context.Background(), requestID, id)
		err := connection.Invoke(ctx, method, &question, &reply)
		if code := status.Code(err); code != codes.OK && code != codes.AlreadyExists {
			panic(err)
		}
	}
}

func client(targets []string) {
	callers := map[string]caller{}
	for _, target := range targets {
		kind, port, _ := strings.Cut(target, "=")
		if strings.HasPrefix(kind, "grpc") {
			callers[kind] = grpcCaller(kind, port)
		} else {
			callers[kind] = httpCaller(kind, port)
		}
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var kind, prefix string
		var count int
		_, err := fmt.Sscan(lines.Text(), &kind, &prefix, &count)
		check(err)
		// The first makes the connection that all share.
		callers[kind](prefix + "-0")
		var done sync.WaitGroup
		for first := 1; first <= width; first++ {
			done.Go(func() {
				for i := first; i < count; i += width {
					callers[kind](prefix + "-" + strconv.Itoa(i))
				}
			})
		}
		done.Wait()
		fmt.Println("done")
	}
}

func main() {
	switch os.Args[1] {
	case "server":
		server()
	case "client":
		client(os.Args[2:])
	}
}
