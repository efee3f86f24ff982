// What the services themselves say they did: a JSON line for each request, with the calls made for it.
package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

type request struct {
	Service    string  `json:"service"`
	Pid        int     `json:"pid"`
	Goroutine  uint64  `json:"goroutine"`
	Protocol   string  `json:"protocol"`
	Method     string  `json:"method"`
	Target     string  `json:"target"`
	Status     string  `json:"status"`
	LocalPort  int     `json:"localPort"`
	RemotePort int     `json:"remotePort"`
	RequestID  string  `json:"requestId,omitempty"`
	Start      int64   `json:"start"`
	End        int64   `json:"end"`
	Calls      []*call `json:"calls"`

	mutex sync.Mutex
	truth *truth
}

type call struct {
	Protocol  string `json:"protocol"`
	Address   string `json:"address"`
	Method    string `json:"method"`
	Target    string `json:"target"`
	Status    string `json:"status"`
	LocalPort int    `json:"localPort"`
	TLS       bool   `json:"tls"`
	RequestID string `json:"requestId,omitempty"`
	Start     int64  `json:"start"`
	End       int64  `json:"end"`
}

type truth struct {
	service string
	mutex   sync.Mutex
	file    *os.File
	number  int
}

// openTruth writes nothing when TRUTH is not set.
func openTruth(service string) *truth {
	t := &truth{service: service}
	if path := os.Getenv("TRUTH"); path != "" {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			panic(err)
		}
		t.file = file
	}
	return t
}

// begin notes a request; it is written when finish is called.
func (t *truth) begin(protocol, method, target string, localPort, remotePort int) *request {
	return &request{
		Service: t.service, Pid: os.Getpid(), Goroutine: goroutine(), Protocol: protocol, Method: method, Target: target,
		LocalPort: localPort, RemotePort: remotePort, Start: time.Now().UnixNano(), Calls: []*call{}, truth: t,
	}
}

func (r *request) finish(status string) {
	r.End = time.Now().UnixNano()
	r.Status = status
	t := r.truth
	if t.file == nil {
		return
	}
	line, _ := json.Marshal(r)
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.file.Write(append(line, '\n'))
}

// call notes one outgoing call; run gives its status and the port it left from.
func (r *request) call(made call, run func() (status string, localPort int)) {
	made.Start = time.Now().UnixNano()
	made.Status, made.LocalPort = run()
	made.End = time.Now().UnixNano()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.Calls = append(r.Calls, &made)
}

// marked makes a path unique, so that the call is found again; without TRUTH it is left alone.
func (t *truth) marked(path string) string {
	if t.file == nil {
		return path
	}
	return path + "?call=" + t.nextID()
}

// nextID is of one call, whoever makes it; empty without TRUTH.
func (t *truth) nextID() string {
	if t.file == nil {
		return ""
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.number++
	return t.service + "-" + strconv.Itoa(os.Getpid()) + "-" + strconv.Itoa(t.number)
}

// goroutine is the number of the calling goroutine, as its stack trace begins with it.
func goroutine() uint64 {
	var buffer [64]byte
	text := buffer[:runtime.Stack(buffer[:], false)]
	text = bytes.TrimPrefix(text, []byte("goroutine "))
	text = text[:bytes.IndexByte(text, ' ')]
	number, _ := strconv.ParseUint(string(text), 10, 64)
	return number
}

func portOf(address net.Addr) int {
	if tcp, ok := address.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}

func portOfText(address string) int {
	_, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	return number
}
