//go:build go1.24

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
)

func init() {
	rows["http2"] = rows["http"]
	rows["http_site"] = func() { serveHTTP(site()) }
	rows["http2_site"] = rows["http_site"]
}

// newServer returns one of HTTP/1, and of HTTP/2 with who begins so.
func newServer(handler http.Handler) *http.Server {
	server := &http.Server{Handler: handler, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return server
}

// site returns the pages that eddy_http_site.c describes.
func site() *http.ServeMux {
	const resources = 250
	mux := http.NewServeMux()
	mux.HandleFunc("GET /json", showJSON)
	mux.HandleFunc("POST /size", tellSize)
	mux.HandleFunc("GET /stream/{bytes}", stream)
	mux.HandleFunc("GET /echo", echoMessages)
	mux.Handle("GET /files/", http.FileServer(http.Dir(os.Getenv("SITE"))))
	for i := range resources {
		mux.HandleFunc(fmt.Sprintf("GET /resource%d", i), hello)
		mux.HandleFunc(fmt.Sprintf("GET /resource%d/{id}/parts/{part}", i), showPart)
	}
	return mux
}

type user struct {
	ID     int      `json:"id"`
	Name   string   `json:"name"`
	Email  string   `json:"email"`
	Active bool     `json:"active"`
	Score  float64  `json:"score"`
	Tags   []string `json:"tags"`
}

type page struct {
	Request int64  `json:"request"`
	Users   []user `json:"users"`
}

var asked atomic.Int64

func showJSON(w http.ResponseWriter, r *http.Request) {
	made := page{Request: asked.Add(1)}
	for i := 1000; i < 1009; i++ {
		made.Users = append(made.Users, user{i, fmt.Sprintf("user %d", i), fmt.Sprintf("user%d@example.org", i), i%2 == 1,
			float64(i) + 0.5, []string{"reader", "writer"}})
	}
	text, err := json.Marshal(made)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(text)
}

func tellSize(w http.ResponseWriter, r *http.Request) {
	size, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprint(w, size)
}

var piece = make([]byte, 64<<10)

func stream(w http.ResponseWriter, r *http.Request) {
	left, _ := strconv.ParseInt(r.PathValue("bytes"), 10, 64)
	w.Header().Set("Content-Type", "application/octet-stream")
	for ; left > 0; left -= int64(len(piece)) {
		if _, err := w.Write(piece[:min(left, int64(len(piece)))]); err != nil {
			return
		}
	}
}

func showPart(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, r.PathValue("part"))
}
