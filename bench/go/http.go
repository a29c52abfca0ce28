package main

import (
	"net/http"
	"os"
)

// serveHTTP prints its port and serves until killed; where the environment's CERTIFICATE is a file, by TLS, with HTTP/2 offered.
func serveHTTP(handler http.Handler) {
	server := newServer(handler)
	if file := os.Getenv("CERTIFICATE"); file != "" {
		panic(server.ServeTLS(listen(), file, file))
	}
	panic(server.Serve(listen()))
}

var greeting = []byte("hello, world!")

func hello(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	w.Write(greeting)
}
