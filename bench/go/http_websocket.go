//go:build go1.24 && !offline

package main

import (
	"net/http"

	"github.com/gorilla/websocket"
)

// echoMessages is a WebSocket that sends back what comes.
func echoMessages(w http.ResponseWriter, r *http.Request) {
	var upgrader websocket.Upgrader
	connection, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer connection.Close()
	for {
		kind, message, err := connection.ReadMessage()
		if err != nil {
			return
		}
		if connection.WriteMessage(kind, message) != nil {
			return
		}
	}
}
