// A Go process that serves calls and makes one of its own for each, and the clients: chain CERT KEY CLIENTS REQUESTS, begins when a line comes in.
// With "tls" after these the inner calls are encrypted.
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	return listener
}

func get(client *http.Client, url string) string {
	response, err := client.Get(url)
	check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(err)
	return string(body)
}

func main() {
	clients, err := strconv.Atoi(os.Args[3])
	check(err)
	requests, err := strconv.Atoi(os.Args[4])
	check(err)
	outer, inner := listen(), listen()
	scheme := "http"
	go http.Serve(outer, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Millisecond)
		fmt.Fprint(w, get(innerClient, fmt.Sprintf("%s://%s/inner?id=%s&", scheme, inner.Addr(), r.URL.Query().Get("id"))))
	}))
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Millisecond)
		fmt.Fprintf(w, "answer=%s;", r.URL.Query().Get("id"))
	})
	if len(os.Args) > 5 {
		scheme = "https"
		server := &http.Server{Handler: answer, TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
		go server.ServeTLS(inner, os.Args[1], os.Args[2])
	} else {
		go http.Serve(inner, answer)
	}
	fmt.Printf("{\"pid\":%d,\"port\":%d,\"inner\":%d}\n", os.Getpid(), outer.Addr().(*net.TCPAddr).Port, inner.Addr().(*net.TCPAddr).Port)
	input := bufio.NewReader(os.Stdin)
	input.ReadString('\n')
	var done sync.WaitGroup
	for c := 0; c < clients; c++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for i := 0; i < requests; i++ {
				id := fmt.Sprintf("%d-%d", c, i)
				if body := get(outerClient, fmt.Sprintf("http://%s/outer?id=%s&", outer.Addr(), id)); body != "answer="+id+";" {
					panic(body)
				}
			}
		}()
	}
	done.Wait()
	fmt.Println("done")
	input.ReadString('\n')
}

// Fewer connections than calls at once, so that these take turns with them.
var innerClient = &http.Client{Transport: &http.Transport{
	MaxConnsPerHost: 6, MaxIdleConnsPerHost: 6, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
}}
var outerClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
