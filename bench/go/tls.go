package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
)

// listenSecurely prints its port; the environment's CERTIFICATE is the file of certificate and key.
func listenSecurely() net.Listener {
	file := os.Getenv("CERTIFICATE")
	pair, err := tls.LoadX509KeyPair(file, file)
	if err != nil {
		panic(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		panic(err)
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	return listener
}

// greet gives who comes a byte.
func greet(connection net.Conn) {
	defer connection.Close()
	connection.Write([]byte("a"))
}
