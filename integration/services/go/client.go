// A client that notes each of its calls: client PROTOCOL ADDRESS COUNT CONCURRENCY [PATH…].
package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

type worker func(noted *request, number int)

// client runs COUNT calls in each of CONCURRENCY workers and ends. Between calls a worker waits for PAUSE.
func client(t *truth) error {
	if len(os.Args) < 5 {
		return fmt.Errorf("usage: client PROTOCOL ADDRESS COUNT CONCURRENCY [PATH…]")
	}
	protocol, place, paths := os.Args[1], os.Args[2], os.Args[5:]
	count, _ := strconv.Atoi(os.Args[3])
	concurrency, _ := strconv.Atoi(os.Args[4])
	pause, _ := time.ParseDuration(os.Getenv("PAUSE"))
	shared, err := createWorker(t, protocol, place, paths, concurrency)
	if err != nil {
		return err
	}
	var workers sync.WaitGroup
	for index := range concurrency {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for number := range count {
				time.Sleep(pause)
				noted := t.begin("", "", "", 0, 0)
				shared(noted, index*count+number)
				noted.finish("")
			}
		}()
	}
	workers.Wait()
	return nil
}

func createWorker(t *truth, protocol, place string, paths []string, concurrency int) (worker, error) {
	overHTTP := func(transport *http.Transport) worker {
		caller := &httpCaller{base: place, truth: t, client: &http.Client{Transport: transport}}
		return func(noted *request, number int) {
			method, path, _ := strings.Cut(paths[number%len(paths)], " ")
			caller.do(noted, method, path, nil)
		}
	}
	to := address{hostPort: place[strings.Index(place, "//")+2:], tls: strings.HasPrefix(place, "tls:")}
	switch protocol {
	case "http1":
		return overHTTP(newTransport(false, false)), nil
	case "http2":
		return overHTTP(newTransport(strings.HasPrefix(place, "https:"), !strings.HasPrefix(place, "https:"))), nil
	case "grpc":
		caller := newGRPC(to)
		return func(noted *request, number int) { caller.stock(noted, strconv.Itoa(number%50)) }, nil
	case "mysql":
		database := newMariadb(to, concurrency)
		return func(noted *request, number int) {
			if number%5 == 4 {
				database.query(noted, "SELECT "+strconv.Itoa(number)+" FROM missing")
			} else {
				database.query(noted, "SELECT name, "+strconv.Itoa(number)+" FROM products LIMIT 3")
			}
		}, nil
	case "redis":
		store := newRedis(to, concurrency)
		return func(noted *request, number int) {
			command := []string{"SET", "text:" + strconv.Itoa(number), strings.Repeat("x", number%300)}
			if number%5 == 4 {
				command = []string{"LPUSH", "text:" + strconv.Itoa(number-1), "x"}
			}
			store.do(noted, command...)
		}, nil
	case "kafka":
		topic := newKafka(to, "truth", concurrency)
		return func(noted *request, number int) { topic.produce(noted, []byte("record "+strconv.Itoa(number))) }, nil
	default:
		return nil, fmt.Errorf("%s is none of http1, http2, grpc, mysql, redis, kafka", protocol)
	}
}
