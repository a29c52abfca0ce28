// What Go's client makes of our server: run by test_go.py, which says by the environment where that is.
package client

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/rand"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var big = make([]byte, 3<<20)

func init() { rand.Read(big) }

func place(name string) string { return filepath.Join(os.Getenv("PLACE"), name) }

// A way to the server: its URL, and the version that is spoken there.
type way struct {
	url   string
	major int
	*http.Client
}

// A client that trusts the server's certificate, and may show one.
func newClient(t *testing.T, major int, certificates ...tls.Certificate) *http.Client {
	root, err := os.ReadFile(place("root.pem"))
	check(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	transport := &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: roots, Certificates: certificates},
		ForceAttemptHTTP2:     major == 2,
		ExpectContinueTimeout: time.Minute,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Run a test by plain HTTP/1.1, and by either version with TLS.
func eachWay(t *testing.T, test func(t *testing.T, to way)) {
	for name, to := range map[string]way{
		"plain": {os.Getenv("PLAIN"), 1, nil}, "tls": {os.Getenv("TLS"), 1, nil}, "http2": {os.Getenv("TLS"), 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			to.Client = newClient(t, to.major)
			test(t, to)
		})
	}
}

// Send a request, and see that it is answered in the right version, and how.
func (to way) ask(t *testing.T, request *http.Request, status int, body []byte) *http.Response {
	t.Helper()
	answer, err := to.Do(request)
	check(t, err)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	check(t, err)
	if answer.ProtoMajor != to.major || answer.StatusCode != status || !bytes.Equal(got, body) {
		t.Fatalf("%s %d, %.200q (%d bytes)", answer.Proto, answer.StatusCode, got, len(got))
	}
	return answer
}

func (to way) request(method, target string, body io.Reader) *http.Request {
	request, err := http.NewRequest(method, to.url+target, body)
	if err != nil {
		panic(err)
	}
	return request
}

var hello = []byte("hello, world!\n")

func TestGets(t *testing.T) {
	file, err := os.ReadFile(place("files/big.bin"))
	check(t, err)
	var lines bytes.Buffer
	for i := 0; i < 20000; i++ {
		fmt.Fprintln(&lines, i)
	}
	eachWay(t, func(t *testing.T, to way) {
		to.ask(t, to.request("GET", "/hello", nil), 200, hello)
		to.ask(t, to.request("GET", "/files/big.bin", nil), 200, file)
		if answer := to.ask(t, to.request("GET", "/count", nil), 200, lines.Bytes()); !answer.Uncompressed {
			t.Error("it was not compressed")
		}
		if answer := to.ask(t, to.request("HEAD", "/files/big.bin", nil), 200, nil); answer.ContentLength != int64(len(file)) {
			t.Error("a length of", answer.ContentLength)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, to way) {
		var all sync.WaitGroup
		for i := 0; i < 300; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				answer, err := to.Get(to.url + "/hello")
				if err != nil {
					t.Error(err)
					return
				}
				defer answer.Body.Close()
				if body, err := io.ReadAll(answer.Body); err != nil || !bytes.Equal(body, hello) {
					t.Error(err, body)
				}
			}()
		}
		all.Wait()
	})
}

func TestCertificateOfAClient(t *testing.T) {
	certificate, err := tls.LoadX509KeyPair(place("client.pem"), place("client.key"))
	check(t, err)
	for major := 1; major <= 2; major++ {
		to := way{os.Getenv("MUTUAL"), major, newClient(t, major, certificate)}
		to.ask(t, to.request("GET", "/hello", nil), 200, hello)
		if _, err := newClient(t, major).Get(to.url); err == nil {
			t.Error("it was let in without a certificate")
		}
	}
}

// Without a length, so in chunks.
type unknownLength struct{ io.Reader }

func TestSends(t *testing.T) {
	eachWay(t, func(t *testing.T, to way) {
		to.ask(t, to.request("POST", "/echo", bytes.NewReader(big)), 200, big)
		to.ask(t, to.request("POST", "/echo", unknownLength{bytes.NewReader(big)}), 200, big)
		to.ask(t, to.request("POST", "/echo", unknownLength{strings.NewReader("")}), 200, nil)
	})
}

// A body that says when somebody begins to read it.
type watched struct {
	io.Reader
	read *bool
}

func (body watched) Read(p []byte) (int, error) {
	*body.read = true
	return body.Reader.Read(p)
}

func TestExpects(t *testing.T) {
	eachWay(t, func(t *testing.T, to way) {
		was_read, was_told := false, false
		trace := &httptrace.ClientTrace{Got100Continue: func() { was_told = true }}
		expect := func(target string) *http.Request {
			request := to.request("POST", target, watched{bytes.NewReader(big), &was_read})
			request.Header.Set("Expect", "100-continue")
			return request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
		}
		to.ask(t, expect("/refuse"), 403, []byte("not here\n"))
		if was_read && to.major == 1 {
			t.Error("a body was sent without leave")
		}
		to.ask(t, expect("/echo"), 200, big)
		if !was_told {
			t.Error("no 100 has come")
		}
	})
}

// The answer is seen, although nobody takes the body.
func TestIsRefusedWhileItSends(t *testing.T) {
	eachWay(t, func(t *testing.T, to way) {
		for i := 0; i < 10; i++ {
			to.ask(t, to.request("POST", "/refuse", unknownLength{bytes.NewReader(big)}), 403, []byte("not here\n"))
		}
		to.ask(t, to.request("GET", "/hello", nil), 200, hello)
	})
}

func TestConnectionThatEnds(t *testing.T) {
	eachWay(t, func(t *testing.T, to way) {
		for i := 0; i < 20; i++ {
			to.ask(t, to.request("GET", "/close", nil), 200, []byte("the last one\n"))
		}
	})
}

func TestTrailers(t *testing.T) {
	eachWay(t, func(t *testing.T, to way) {
		request := to.request("POST", "/trailers", unknownLength{bytes.NewReader(big)})
		request.Trailer = http.Header{"X-Behind": {"here I am"}}
		trailer := to.ask(t, request, 200, []byte("see below\n")).Trailer
		if trailer.Get("X-Sent") != "here I am" || trailer.Get("X-Length") != fmt.Sprint(len(big)) {
			t.Error(trailer)
		}
	})
}

func TestHints(t *testing.T) {
	eachWay(t, func(t *testing.T, to way) {
		link := ""
		request := to.request("GET", "/hints", nil)
		trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			link = fmt.Sprint(code, header.Get("Link"))
			return nil
		}}
		to.ask(t, request.WithContext(httptrace.WithClientTrace(request.Context(), trace)), 200, []byte("after the hints\n"))
		if !strings.HasPrefix(link, "103</files/style.css>") {
			t.Error(link)
		}
	})
}

func TestFormAndCookies(t *testing.T) {
	eachWay(t, func(t *testing.T, to way) {
		var body, expected bytes.Buffer
		form := multipart.NewWriter(&body)
		check(t, form.WriteField("color", "red"))
		file, err := form.CreateFormFile("file", "a.bin")
		check(t, err)
		file.Write(big)
		check(t, form.Close())
		sum := 0
		for _, b := range big {
			sum += int(b)
		}
		fmt.Fprintf(&expected, "color=red\nfile: a.bin, application/octet-stream, %d bytes, sum %d\n", len(big), sum)
		request := to.request("POST", "/form", &body)
		request.Header.Set("Content-Type", form.FormDataContentType())
		to.ask(t, request, 200, expected.Bytes())

		to.Jar, _ = cookiejar.New(nil)
		to.ask(t, to.request("GET", "/cookies", nil), 200, []byte("color=none secret=none\n"))
		to.ask(t, to.request("GET", "/cookies", nil), 200, []byte("color=red secret=42\n"))
	})
}

// A line is answered before the next one is sent: by HTTP/2 alone, in Go.
func TestBothSidesInTurn(t *testing.T) {
	to := way{os.Getenv("TLS"), 2, newClient(t, 2)}
	out, in := io.Pipe()
	answer, err := to.Do(to.request("POST", "/duplex", out))
	check(t, err)
	defer answer.Body.Close()
	lines := bufio.NewReader(answer.Body)
	for i := 0; i < 100; i++ {
		fmt.Fprintln(in, "line", i)
		if line, err := lines.ReadString('\n'); line != fmt.Sprintf("line %d\n", i) {
			t.Fatal(line, err)
		}
	}
	in.Close()
	if _, err := lines.ReadByte(); err != io.EOF {
		t.Error(err)
	}
}

func TestGoes(t *testing.T) {
	eachWay(t, func(t *testing.T, to way) {
		ctx, cancel := context.WithCancel(context.Background())
		answer, err := to.Do(to.request("GET", "/wait", nil).WithContext(ctx))
		check(t, err)
		line, err := bufio.NewReader(answer.Body).ReadString('\n')
		check(t, err)
		if line != "waiting\n" {
			t.Error(line)
		}
		cancel()
		if _, err := io.ReadAll(answer.Body); err == nil {
			t.Error("it has ended in order")
		}
		answer.Body.Close()
		to.ask(t, to.request("GET", "/gone", nil), 200, []byte("gone\n"))
	})
}
