package main

import (
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	clientWarmUp   = 1000
	clientRequests = 40000
)

func askTogether(client *http.Client, goroutines int, requests int64) {
	var group sync.WaitGroup
	url := os.Getenv("URL")
	for i := 0; i < goroutines; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for atomic.AddInt64(&requests, -1) >= 0 {
				answer, err := client.Get(url)
				if err != nil {
					panic(err)
				}
				body, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || string(body) != "hello, world!" {
					panic("not every answer was the one that was asked for")
				}
			}
		}()
	}
	group.Wait()
}

func httpClient(row string, goroutines int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: goroutines}}
	askTogether(client, goroutines, clientWarmUp)
	began, used := time.Now(), cpu()
	askTogether(client, goroutines, clientRequests)
	figure(row+"_per_second", clientRequests/time.Since(began).Seconds(), "1/s")
	figure(row+"_total_us", float64((cpu()-used).Nanoseconds())/1000/clientRequests, "us")
}
