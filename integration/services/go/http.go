// Calls over HTTP, by net/http's own client.
package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
)

type httpCaller struct {
	base   string
	truth  *truth
	client *http.Client
}

// newHTTP2 calls base by HTTP/2 only, over one connection.
func newHTTP2(base string, t *truth) *httpCaller {
	return &httpCaller{base: base, truth: t, client: &http.Client{Transport: newTransport(false, true)}}
}

// newHTTP calls base, such as http://127.0.0.1:8080. Certificates are not verified: they are self-signed.
func newHTTP(base string, t *truth) *httpCaller {
	return &httpCaller{base: base, truth: t, client: &http.Client{Transport: newTransport(false, false)}}
}

// newTransport keeps as many connections as there are calls at once. HTTP/2 only, or HTTP/1 only.
func newTransport(http2, plainHTTP2 bool) *http.Transport {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(!http2 && !plainHTTP2)
	transport.Protocols.SetHTTP2(http2)
	transport.Protocols.SetUnencryptedHTTP2(plainHTTP2)
	return transport
}

// do sends one request and reads the answer whole; status 0 is no answer.
func (h *httpCaller) do(r *request, method, path string, body []byte) (status int, answer []byte) {
	path = h.truth.marked(path)
	target, err := url.Parse(h.base)
	if err != nil {
		return 0, nil
	}
	made := call{Protocol: "http", Address: target.Host, Method: method, Target: path, TLS: target.Scheme == "https"}
	r.call(made, func() (string, int) {
		localPort := 0
		httpRequest, err := http.NewRequest(method, h.base+path, bytes.NewReader(body))
		if err != nil {
			return err.Error(), 0
		}
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { localPort = portOf(info.Conn.LocalAddr()) }}
		response, err := h.client.Do(httpRequest.WithContext(httptrace.WithClientTrace(httpRequest.Context(), trace)))
		if err != nil {
			return err.Error(), localPort
		}
		defer response.Body.Close()
		answer, err = io.ReadAll(response.Body)
		if err != nil {
			return err.Error(), localPort
		}
		status = response.StatusCode
		return strconv.Itoa(status), localPort
	})
	return status, answer
}
