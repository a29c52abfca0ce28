// What our client is tried on: Go's server. Started by test_client_go.py as server PLACE, it writes its ports on a line.
package main

import (
	"compress/gzip"
	"crypto/tls"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

var place = os.Args[1]

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	http.NewResponseController(w).EnableFullDuplex() // which HTTP/2 always is
	w.Header().Set("X-Method", r.Method)
	io.Copy(w, r.Body)
}

func count(w http.ResponseWriter, r *http.Request) {
	for i := 0; i < 20000; i++ {
		fmt.Fprintf(w, "%d\n", i)
	}
}

func compress(w http.ResponseWriter, r *http.Request) {
	text, err := os.Open(filepath.Join(place, "files/text.txt"))
	check(err)
	defer text.Close()
	w.Header().Set("Content-Encoding", "gzip")
	to := gzip.NewWriter(w)
	io.Copy(to, text)
	to.Close()
}

func redirect(w http.ResponseWriter, r *http.Request) {
	status, _ := strconv.Atoi(r.PathValue("status"))
	if r.URL.RawQuery == "" {
		io.Copy(io.Discard, r.Body)
	}
	http.Redirect(w, r, "/echo", status)
}

func form(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		check(r.ParseForm())
		for _, name := range []string{"a", "ö"} {
			fmt.Fprintf(w, "%s=%s\n", name, r.PostForm.Get(name))
		}
		return
	}
	parts, err := r.MultipartReader()
	check(err)
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return
		}
		check(err)
		sum := crc32.NewIEEE()
		n, _ := io.Copy(sum, part)
		fmt.Fprintf(w, "%s: %s, %d, %d\n", part.FormName(), part.FileName(), n, sum.Sum32())
	}
}

func cookies(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "color", Value: "red", Path: "/"})
	io.WriteString(w, r.Header.Get("Cookie"))
}

func cut(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	io.WriteString(w, "0123456789")
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

var busy = struct {
	sync.Mutex
	asked map[string]int
}{asked: map[string]int{}}

func answerAtLast(w http.ResponseWriter, r *http.Request) {
	busy.Lock()
	busy.asked[r.URL.Path]++
	n := busy.asked[r.URL.Path]
	busy.Unlock()
	if n < 3 {
		w.Header().Set("Retry-After", "0")
		http.Error(w, "busy", 503)
		return
	}
	io.WriteString(w, "at last\n")
}

func refuse(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	w.WriteHeader(403)
	io.WriteString(w, "not here\n")
}

func hint(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Link", "</style.css>; rel=preload")
	w.WriteHeader(103)
	w.Header().Del("Link")
	w.Header().Set("Trailer", "X-Sum")
	io.WriteString(w, "after the hints\n")
	w.Header().Set("X-Sum", "7")
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) }
}

func who(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) }

func newMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", say("hello, world!\n"))
	mux.HandleFunc("/count", count)
	mux.HandleFunc("/big", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(place, "files/big.bin"))
	})
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/gzip", compress)
	mux.HandleFunc("/redirect/{status}", redirect)
	mux.HandleFunc("/form", form)
	mux.HandleFunc("/who", who)
	mux.HandleFunc("/close", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		who(w, r)
	})
	mux.HandleFunc("/cookies", cookies)
	mux.HandleFunc("/user", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("Authorization"))
	})
	mux.HandleFunc("/cut", cut)
	mux.HandleFunc("/busy/", answerAtLast)
	mux.HandleFunc("/refuse", refuse)
	mux.HandleFunc("/hints", hint)
	return mux
}

func main() {
	plain, err := net.Listen("tcp", "localhost:0")
	check(err)
	secure, err := net.Listen("tcp", "localhost:0")
	check(err)
	pair, err := tls.LoadX509KeyPair(filepath.Join(place, "server.pem"), filepath.Join(place, "server.key"))
	check(err)
	mux := newMux()
	// Each has a server of its own: which one of two came first would decide whether it speaks HTTP/2.
	server := &http.Server{Handler: mux, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}}
	fmt.Println(plain.Addr().(*net.TCPAddr).Port, secure.Addr().(*net.TCPAddr).Port)
	go http.Serve(plain, mux)
	check(server.ServeTLS(secure, "", ""))
}
