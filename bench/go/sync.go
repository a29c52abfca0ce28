package main

import (
	"runtime"
	"sync"
	"time"
)

func lockPair() {
	const pairs = 100_000_000
	var lock sync.Mutex
	start := time.Now()
	for i := 0; i < pairs; i++ {
		lock.Lock()
		lock.Unlock()
	}
	each("lock_pair", time.Since(start), pairs)
}

// lockHandover has two goroutines contend for a lock that is a channel with one slot: a sync.Mutex would let
// whoever releases it have it again.
func lockHandover() {
	const handovers = 5_000_000
	lock := make(chan struct{}, 1)
	lock <- struct{}{}
	var done sync.WaitGroup
	done.Add(2)
	start := time.Now()
	for range make([]struct{}, 2) {
		go func() {
			for i := 0; i < handovers/2; i++ {
				lock <- struct{}{}
				<-lock
			}
			done.Done()
		}()
	}
	runtime.Gosched() // both stand in line when it is released for the first time
	<-lock
	done.Wait()
	each("lock_handover", time.Since(start), handovers)
}
