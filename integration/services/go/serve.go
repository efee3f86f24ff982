// Listening for HTTP, plain and over TLS (there HTTP/2 too), with each request in the truth.
package main

import (
	"net/http"
	"os"
	"strconv"
)

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

type handler func(w http.ResponseWriter, httpRequest *http.Request, truth *request)

// handle adds a route whose handler gets the truth of its request.
func handle(mux *http.ServeMux, t *truth, pattern string, run handler) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		local := r.Context().Value(http.LocalAddrContextKey).(interface{ String() string })
		noted := t.begin("http", r.Method, r.URL.RequestURI(), portOfText(local.String()), portOfText(r.RemoteAddr))
		counted := &statusWriter{ResponseWriter: w, status: 200}
		run(counted, r, noted)
		noted.finish(strconv.Itoa(counted.status))
	})
}

// serveHTTP listens on HTTP (HTTP/1 and HTTP/2 by prior knowledge) and, when HTTPS is set, on that too. It ends with an error only.
func serveHTTP(mux *http.ServeMux) error {
	ended := make(chan error)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	listen := func(name string, run func(*http.Server) error) {
		if address := os.Getenv(name); address != "" {
			go func() { ended <- run(&http.Server{Addr: address, Handler: mux, Protocols: protocols}) }()
		}
	}
	listen("HTTP", func(s *http.Server) error { return s.ListenAndServe() })
	listen("HTTPS", func(s *http.Server) error {
		return s.ListenAndServeTLS(os.Getenv("CERTIFICATE"), os.Getenv("CERTIFICATE_KEY"))
	})
	return <-ended
}
