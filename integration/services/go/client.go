// A client that notes each of its calls: client PROTOCOL ADDRESS COUNT CONCURRENCY [PATH…].
package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// worker makes one call; index is its own number, number that of the call.
type worker func(noted *request, index, number int)

// client runs COUNT calls in each of CONCURRENCY workers and ends. WAIT is how long it waits before the first, PAUSE before each.
// Every worker makes one call first that is not noted: connections are made by it.
func client(t *truth) error {
	if len(os.Args) < 5 {
		return fmt.Errorf("usage: client PROTOCOL ADDRESS COUNT CONCURRENCY [PATH…]")
	}
	protocol, place, paths := os.Args[1], os.Args[2], os.Args[5:]
	count, _ := strconv.Atoi(os.Args[3])
	concurrency, _ := strconv.Atoi(os.Args[4])
	pause, _ := time.ParseDuration(os.Getenv("PAUSE"))
	wait, _ := time.ParseDuration(os.Getenv("WAIT"))
	work, err := createWorker(t, protocol, place, paths, concurrency)
	if err != nil {
		return err
	}
	time.Sleep(wait)
	var connected, finished sync.WaitGroup
	connected.Add(concurrency)
	for index := range concurrency {
		finished.Go(func() {
			work(t.begin("", "", "", 0, 0), index, index*count)
			connected.Done()
			connected.Wait()
			for number := range count {
				time.Sleep(pause/2 + rand.N(pause+1))
				noted := t.begin("", "", "", 0, 0)
				work(noted, index, index*count+number)
				noted.finish("")
			}
		})
	}
	finished.Wait()
	return nil
}

func createWorker(t *truth, protocol, place string, paths []string, concurrency int) (worker, error) {
	secure := strings.HasPrefix(place, "https:")
	overHTTP := func(transport *http.Transport) worker {
		caller := &httpCaller{base: place, truth: t, client: &http.Client{Transport: transport}}
		return func(noted *request, _, number int) {
			method, path, _ := strings.Cut(paths[number%len(paths)], " ")
			caller.do(noted, method, path, bodyOf(method, number))
		}
	}
	to := address{hostPort: place[strings.Index(place, "//")+2:], tls: strings.HasPrefix(place, "tls:")}
	switch protocol {
	case "http1":
		return overHTTP(newTransport(false, false)), nil
	case "http2":
		return overHTTP(newTransport(secure, !secure)), nil
	case "grpc":
		// A connection each: calls of one connection are told apart by their time.
		callers := make([]*grpcCaller, concurrency)
		for index := range callers {
			callers[index] = newGRPC(to)
		}
		return func(noted *request, index, number int) { callers[index].stock(noted, strconv.Itoa(number%50)) }, nil
	case "mysql":
		database := newMariadb(to, concurrency)
		return func(noted *request, _, number int) {
			if number%5 == 4 {
				database.query(noted, "SELECT "+strconv.Itoa(number)+" FROM missing")
			} else {
				database.query(noted, "SELECT name, "+strconv.Itoa(number)+" FROM products LIMIT 3")
			}
		}, nil
	case "redis":
		store := newRedis(to, concurrency)
		return func(noted *request, index, number int) {
			key := "text:" + strconv.Itoa(index)
			if number%5 == 4 {
				store.do(noted, "LPUSH", key, strconv.Itoa(number))
			} else {
				store.do(noted, "SET", key, strconv.Itoa(number)+strings.Repeat("x", number%300))
			}
		}, nil
	case "kafka":
		topic := newKafka(to, "truth", concurrency)
		return func(noted *request, _, number int) { topic.produce(noted, []byte("record "+strconv.Itoa(number))) }, nil
	default:
		return nil, fmt.Errorf("%s is none of http1, http2, grpc, mysql, redis, kafka", protocol)
	}
}

// bodyOf is an order for POST: one of twenty accounts may not buy.
func bodyOf(method string, number int) []byte {
	if method != "POST" {
		return nil
	}
	return fmt.Appendf(nil, `{"account":"%d","product":"%d"}`, 1+number%100, 1+number%200)
}
