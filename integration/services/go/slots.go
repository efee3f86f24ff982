// A pool whose connections know their local port, which the pools of client libraries do not tell.
package main

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
)

// port is of the connection that a client holds; clients here hold one each.
type port struct{ number atomic.Int64 }

// dial connects and notes the port. Over TLS it is the TLS connection that is given.
func (p *port) dial(ctx context.Context, to address, wrap bool) (net.Conn, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", to.hostPort)
	if err != nil {
		return nil, err
	}
	p.number.Store(int64(portOf(connection.LocalAddr())))
	if to.tls && wrap {
		return tls.Client(connection, &tls.Config{InsecureSkipVerify: true}), nil
	}
	return connection, nil
}

type slots[T any] struct{ free chan T }

// newSlots makes count clients.
func newSlots[T any](count int, create func() T) *slots[T] {
	s := &slots[T]{free: make(chan T, count)}
	for range count {
		s.free <- create()
	}
	return s
}

// with runs something with a client that nobody else uses meanwhile.
func (s *slots[T]) with(run func(T)) {
	client := <-s.free
	defer func() { s.free <- client }()
	run(client)
}
