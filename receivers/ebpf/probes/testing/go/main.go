// A Go process that is TLS server and client at once, a goroutine for each end: pair CERT KEY CONNECTIONS REQUESTS [PAUSE_MS], begins when a line comes in.
// With a pause of -1 it is done after each question, and goes on when another line comes in.
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

var input = bufio.NewReader(os.Stdin)

func port(address net.Addr) int { return address.(*net.TCPAddr).Port }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func serve(connection net.Conn) {
	reader := bufio.NewReader(connection)
	for {
		if _, err := reader.ReadString('\n'); err != nil {
			return
		}
		fmt.Fprintf(connection, "answer port=%d;\n", port(connection.RemoteAddr()))
	}
}

func client(server string, requests, pause int, done *sync.WaitGroup) {
	defer done.Done()
	connection, err := tls.Dial("tcp", server, &tls.Config{InsecureSkipVerify: true})
	check(err)
	defer connection.Close()
	reader := bufio.NewReader(connection)
	for i := 0; i < requests; i++ {
		fmt.Fprintf(connection, "question port=%d;\n", port(connection.LocalAddr()))
		answer, err := reader.ReadString('\n')
		check(err)
		if answer != fmt.Sprintf("answer port=%d;\n", port(connection.LocalAddr())) {
			panic(answer)
		}
		if pause < 0 {
			fmt.Println("done")
			input.ReadString('\n')
		} else if pause > 0 || i%7 == 0 {
			time.Sleep(time.Millisecond * time.Duration(pause+i%5))
		}
	}
}

func main() {
	certificate, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	check(err)
	connections, err := strconv.Atoi(os.Args[3])
	check(err)
	requests, err := strconv.Atoi(os.Args[4])
	check(err)
	pause := 0
	if len(os.Args) > 5 {
		pause, err = strconv.Atoi(os.Args[5])
		check(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	check(err)
	go func() {
		for {
			connection, err := listener.Accept()
			check(err)
			go serve(connection)
		}
	}()
	fmt.Printf("{\"pid\":%d,\"port\":%d}\n", os.Getpid(), port(listener.Addr()))
	input.ReadString('\n')
	var done sync.WaitGroup
	for i := 0; i < connections; i++ {
		done.Add(1)
		go client(listener.Addr().String(), requests, pause, &done)
	}
	done.Wait()
	fmt.Println("done")
	input.ReadString('\n')
}
