package main

import "net/http"

// hello prints its port and serves until killed.
func hello() {
	text := []byte("hello, world!")
	panic(http.Serve(listen(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write(text)
	})))
}
