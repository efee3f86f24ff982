package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
)

var insertInto = regexp.MustCompile("(?is)^\\s*INSERT\\s+INTO\\s+(?:TABLE\\s+)?([\\w.`\"]+)")

// serveClickHouse takes INSERT … FORMAT Native, counts its rows and drops them. Other statements get the few answers
// that an exporter needs to begin inserting.
func serveClickHouse(listener net.Listener, counts *counts) string {
	other := newSchemaAnswers()
	handler := func(w http.ResponseWriter, r *http.Request) {
		match := insertInto.FindStringSubmatch(r.URL.Query().Get("query"))
		if match == nil {
			other.ServeHTTP(w, r)
			return
		}
		table := strings.NewReplacer("`", "", `"`, "").Replace(match[1])
		if err := takeInsert(r, table, counts); err != nil {
			err = fmt.Errorf("INSERT INTO %s: %w", table, err)
			counts.addError(err)
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}
	go func() { fail(http.Serve(listener, http.HandlerFunc(handler))) }()
	return listener.Addr().String()
}

func takeInsert(r *http.Request, table string, counts *counts) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return fmt.Errorf("the bench measures without compression, but the body came as %s", encoding)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		// The client gave up; nothing was taken, and what it sends again is counted then.
		counts.addAborted()
		return nil
	}
	rows, err := countNativeRows(body)
	if err != nil {
		return err
	}
	counts.addInsert(table, rows, uint64(len(body)))
	return nil
}
