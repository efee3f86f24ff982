// Calls to Redis by go-redis.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

type redisStore struct {
	to    address
	slots *slots[*redisClient]
}

type redisClient struct {
	port   *port
	client *redis.Client
}

func newRedis(to address, connections int) *redisStore {
	return &redisStore{to: to, slots: newSlots(connections, func() *redisClient {
		client := &redisClient{port: &port{}}
		options := &redis.Options{Addr: to.hostPort, PoolSize: 1, MaxRetries: -1, DisableIdentity: true}
		// A dialer of one's own has to bring TLS with it.
		options.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) {
			connection, err := client.port.dial(ctx, to, true)
			if wrapped, ok := connection.(*tls.Conn); ok && err == nil {
				err = wrapped.HandshakeContext(ctx)
			}
			return connection, err
		}
		client.client = redis.NewClient(options)
		return client
	})}
}

// do runs one command; a missing key is the empty text.
func (s *redisStore) do(r *request, command ...string) (text string, err error) {
	arguments := make([]any, len(command))
	for index, argument := range command {
		arguments[index] = argument
	}
	s.slots.with(func(client *redisClient) {
		made := call{Protocol: "redis", Address: s.to.hostPort, Method: command[0], Target: strings.Join(command, " "), TLS: s.to.tls}
		r.call(made, func() (string, int) {
			answer, failure := client.client.Do(context.Background(), arguments...).Result()
			status := "ok"
			if failure == nil {
				text = fmt.Sprint(answer)
			} else if failure != redis.Nil {
				err = failure
				status = strings.SplitN(failure.Error(), " ", 2)[0]
			}
			return status, int(client.port.number.Load())
		})
	})
	return text, err
}
