//go:build go1.24 && offline

package main

import "net/http"

// echoMessages stands for the one that needs a module.
func echoMessages(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "built without its module", http.StatusNotImplemented)
}
