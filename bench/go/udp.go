package main

import (
	"fmt"
	"net"
)

// udpEcho prints its port and serves until killed.
func udpEcho() {
	connection, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		panic(err)
	}
	fmt.Println("port", connection.LocalAddr().(*net.UDPAddr).Port)
	buffer := make([]byte, 2048)
	for {
		n, peer, err := connection.ReadFromUDPAddrPort(buffer)
		if err != nil {
			panic(err)
		}
		// What there is no room for is lost: it is UDP.
		_, _ = connection.WriteToUDPAddrPort(buffer[:n], peer)
	}
}
