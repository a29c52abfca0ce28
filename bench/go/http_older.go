//go:build !go1.24

package main

import "net/http"

// newServer returns one of HTTP/1 alone where there is no TLS.
func newServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler}
}
