package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
)

var insertInto = regexp.MustCompile("(?is)^\\s*INSERT\\s+INTO\\s+(?:TABLE\\s+)?([\\w.`\"]+)")

// serveClickHouse takes INSERT … FORMAT Native, counts its rows and drops them. Other statements go to the schema
// server, or, without one, get the few answers that clickhouse-go needs to begin inserting.
func serveClickHouse(listener net.Listener, counts *counts, schemaServer string) string {
	other := http.Handler(newSchemaAnswers())
	if schemaServer != "" {
		target, err := url.Parse(schemaServer)
		if err != nil {
			fail(err)
		}
		other = httputil.NewSingleHostReverseProxy(target)
	}
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
		return err
	}
	rows, err := countNativeRows(body)
	if err != nil {
		return err
	}
	counts.addInsert(table, rows, uint64(len(body)))
	return nil
}
