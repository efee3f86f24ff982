package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"otelcol-deepflow/bench/loadgen/payload"
	"otelcol-deepflow/bench/loadgen/rawgrpc"
)

// run sends all requests; connections × inFlight senders share one count of what is left.
func run(ctx context.Context, o options, orders []payload.Order) (Report, error) {
	var next atomic.Uint64
	var wait sync.WaitGroup
	senders := make([]*sender, 0, o.connections*o.inFlight)
	for c := range o.connections {
		connection, err := grpc.NewClient("passthrough:///"+o.target,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithInitialWindowSize(rawgrpc.WindowBytes), grpc.WithInitialConnWindowSize(rawgrpc.WindowBytes),
			grpc.WithWriteBufferSize(512<<10),
			grpc.WithUserAgent(fmt.Sprintf("otelcol-deepflow-bench/%d", c)),
		)
		if err != nil {
			return Report{}, err
		}
		defer connection.Close()
		for range o.inFlight {
			senders = append(senders, newSender(o, orders, connection, uint64(len(senders)), &next))
		}
	}
	started := time.Now()
	for _, s := range senders {
		wait.Add(1)
		go func() {
			defer wait.Done()
			s.send(ctx, started)
		}()
	}
	wait.Wait()
	report := Report{Seconds: time.Since(started).Seconds(), Failures: []string{}}
	var latencies []time.Duration
	for _, s := range senders {
		report.Tally.Add(s.tally)
		report.Retries += s.retries
		if s.retries > 0 {
			report.RetryReason = s.retryReason
		}
		latencies = append(latencies, s.latencies...)
		if s.failure != nil {
			report.Failures = append(report.Failures, s.failure.Error())
		}
	}
	report.AckMs = quantiles(latencies)
	return report, nil
}

// sender owns its templates: their bytes are overwritten only after the request that used them was acknowledged.
type sender struct {
	options    options
	templates  []*payload.Template
	connection *grpc.ClientConn
	next       *atomic.Uint64
	call       []grpc.CallOption
	tally      payload.Tally
	retries    uint64
	latencies  []time.Duration
	failure    error
	// retryReason is the last refusal that led to a retry.
	retryReason string
}

func newSender(o options, orders []payload.Order, connection *grpc.ClientConn, index uint64, next *atomic.Uint64) *sender {
	s := &sender{options: o, connection: connection, next: next}
	for _, order := range orders {
		s.templates = append(s.templates, payload.New(o.signal, o.perRequest, order, index))
	}
	s.call = []grpc.CallOption{grpc.ForceCodecV2(rawgrpc.Codec{})}
	if o.gzip {
		s.call = append(s.call, grpc.UseCompressor("gzip"))
	}
	return s
}

func (s *sender) send(ctx context.Context, started time.Time) {
	for s.failure == nil && ctx.Err() == nil {
		serial := s.next.Add(1) - 1
		if s.options.requests > 0 && serial >= s.options.requests {
			return
		}
		due := time.Now()
		if s.options.rate > 0 {
			// Latency counts from when the request was due, so a slow collector cannot hide behind an idle generator.
			due = started.Add(time.Duration(float64(serial) * float64(s.options.perRequest) / s.options.rate * 1e9))
			if !sleepUntil(ctx, due) {
				return
			}
		}
		template := s.templates[int(serial)%len(s.templates)]
		request := template.Next(s.options.seed+serial, uint64(time.Now().UnixNano()))
		if s.failure = s.acknowledge(request); s.failure == nil {
			s.latencies = append(s.latencies, time.Since(due))
			tally, err := payload.Scan(s.options.signal, request)
			s.tally.Add(tally)
			s.failure = err
		}
	}
}

const (
	acknowledgeWithin = 60 * time.Second
	maxRetries        = 400
	retryAfter        = 100 * time.Millisecond
)

// acknowledge sends one request until it is accepted, as an SDK does after UNAVAILABLE.
func (s *sender) acknowledge(request []byte) error {
	for attempt := 0; ; attempt++ {
		var response []byte
		ctx, cancel := context.WithTimeout(context.Background(), acknowledgeWithin)
		err := s.connection.Invoke(ctx, rawgrpc.ExportMethod(s.options.signal), &request, &response, s.call...)
		cancel()
		if err == nil {
			return fullSuccess(response)
		}
		code := status.Code(err)
		if code != codes.Unavailable && code != codes.ResourceExhausted || attempt == maxRetries {
			return err
		}
		s.retries++
		s.retryReason = err.Error()
		time.Sleep(retryAfter)
	}
}

// fullSuccess refuses an Export*ServiceResponse that carries a partial_success with anything in it.
func fullSuccess(response []byte) error {
	if len(response) == 0 || len(response) == 2 && response[0] == 0x0a && response[1] == 0 {
		return nil
	}
	return fmt.Errorf("partial success: % x", response)
}

func sleepUntil(ctx context.Context, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
