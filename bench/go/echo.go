package main

import (
	"fmt"
	"net"
)

func serve(connection net.Conn, room int) {
	defer connection.Close()
	buffer := make([]byte, room)
	for {
		n, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// listen prints its port.
func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	return listener
}

// acceptAll serves until killed.
func acceptAll(listener net.Listener, serve func(net.Conn)) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(connection)
	}
}

// echo returns what sends back all that comes, with so much room for a message.
func echo(room int) func(net.Conn) {
	return func(connection net.Conn) { serve(connection, room) }
}
