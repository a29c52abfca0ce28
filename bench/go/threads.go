package main

import (
	"runtime"
	"time"
)

const threadRoundTrips = 30_000

// lockedEcho answers, on an OS thread of its own, what comes.
func lockedEcho(requests <-chan int, answers chan<- int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for request := range requests {
		answers <- request
	}
	close(answers)
}

// threadRoundTrip sends a value to another OS thread and back.
func threadRoundTrip() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	requests, answers := make(chan int), make(chan int)
	go lockedEcho(requests, answers)
	start := time.Now()
	for i := 0; i < threadRoundTrips; i++ {
		requests <- i
		<-answers
	}
	each("thread_round_trip", time.Since(start), threadRoundTrips)
	close(requests)
	<-answers
}

// toThread has a worker with an OS thread of its own call a function, and waits for what it returns.
func toThread() {
	calls, results := make(chan func() int), make(chan int)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for call := range calls {
			results <- call()
		}
		close(results)
	}()
	nothing := func() int { return 0 }
	start := time.Now()
	for i := 0; i < threadRoundTrips; i++ {
		calls <- nothing
		<-results
	}
	each("to_thread", time.Since(start), threadRoundTrips)
	close(calls)
	<-results
}
