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

// echo prints its port and serves until killed, with so much room for a message.
func echo(room int) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(connection, room)
	}
}
