package main

import (
	"maps"
	"sync"

	"otelcol-deepflow/bench/loadgen/payload"
)

// counts is what the sink has taken so far.
type counts struct {
	mutex sync.Mutex
	state snapshot
}

type snapshot struct {
	// OTLP by signal.
	OTLP map[payload.Signal]payload.Tally `json:"otlp"`
	// Rows by table, and all bytes of insert bodies.
	Rows        map[string]uint64 `json:"rows"`
	Inserts     uint64            `json:"inserts"`
	InsertBytes uint64            `json:"insert_bytes"`
	// Aborted are inserts whose client ended the connection before the whole body had come.
	Aborted uint64 `json:"aborted"`
	// Errors are requests the sink could not read: each one fails the round.
	Errors []string `json:"errors"`
}

func newCounts() *counts {
	return &counts{state: snapshot{OTLP: map[payload.Signal]payload.Tally{}, Rows: map[string]uint64{}, Errors: []string{}}}
}

func (c *counts) addOTLP(signal payload.Signal, tally payload.Tally) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	sum := c.state.OTLP[signal]
	sum.Add(tally)
	c.state.OTLP[signal] = sum
}

func (c *counts) addInsert(table string, rows, bytes uint64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.state.Rows[table] += rows
	c.state.Inserts++
	c.state.InsertBytes += bytes
}

func (c *counts) addAborted() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.state.Aborted++
}

func (c *counts) addError(err error) {
	const keep = 20
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.state.Errors) < keep {
		c.state.Errors = append(c.state.Errors, err.Error())
	}
}

func (c *counts) snapshot() snapshot {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	s := c.state
	s.OTLP, s.Rows = maps.Clone(s.OTLP), maps.Clone(s.Rows)
	return s
}
