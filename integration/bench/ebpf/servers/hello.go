// A service for the bench: /N answers with N bytes, /spin works for 100 us first. TLS when CERT and KEY are set.
package main

import (
	"bytes"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/spin" {
			for end := time.Now().Add(100 * time.Microsecond); time.Now().Before(end); {
			}
		}
		size, _ := strconv.Atoi(r.URL.Path[1:])
		w.Write(bytes.Repeat([]byte{'x'}, max(size, 12)))
	})
	address := "127.0.0.1:" + os.Getenv("PORT")
	var err error
	if cert := os.Getenv("CERT"); cert != "" {
		err = http.ListenAndServeTLS(address, cert, os.Getenv("KEY"), handler)
	} else {
		err = http.ListenAndServe(address, handler)
	}
	panic(err)
}
