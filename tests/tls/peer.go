// Command peer is a client, or a server, on Go's crypto/tls.
//
//	peer client CA CERTIFICATE PORT VERSION    say hello, and print what is answered
//	peer server CA CERTIFICATE VERSION         say on which port, and give back the first line, reversed
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// configure trusts an issuer, of either side, and has a certificate.
func configure(issuer, certificate, version string) *tls.Config {
	pem, err := os.ReadFile(issuer)
	check(err)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(certificate, certificate)
	check(err)
	return &tls.Config{
		RootCAs: trusted, ClientCAs: trusted, ClientAuth: tls.RequireAndVerifyClientCert,
		Certificates: []tls.Certificate{pair}, ServerName: "example.org", NextProtos: []string{"eddy"},
		MinVersion: versions[version], MaxVersion: versions[version],
	}
}

func ask(config *tls.Config, port string) {
	connection, err := tls.Dial("tcp", "127.0.0.1:"+port, config)
	check(err)
	fmt.Fprintln(connection, "hello there")
	answer, err := io.ReadAll(connection)
	check(err)
	os.Stdout.Write(answer)
}

func serve(config *tls.Config) {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	check(err)
	fmt.Println("ACCEPT", listener.Addr())
	connection, err := listener.Accept()
	check(err)
	line, err := bufio.NewReader(connection).ReadString('\n')
	check(err)
	reversed := []byte(strings.TrimSpace(line))
	slices.Reverse(reversed)
	fmt.Fprintf(connection, "%s\n", reversed)
	io.ReadAll(connection)
}

func main() {
	if os.Args[1] == "client" {
		ask(configure(os.Args[2], os.Args[3], os.Args[5]), os.Args[4])
	} else {
		serve(configure(os.Args[2], os.Args[3], os.Args[4]))
	}
}
