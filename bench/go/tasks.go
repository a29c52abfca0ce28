package main

import (
	"runtime"
	"sync"
	"time"
)

// yieldAmong has count goroutines take turns while the main one waits.
func yieldAmong(row string, count int) {
	const yields = 5_000_000
	var done sync.WaitGroup
	done.Add(count)
	start := time.Now()
	for range make([]struct{}, count) {
		go func() {
			for i := 0; i < yields/count; i++ {
				runtime.Gosched()
			}
			done.Done()
		}()
	}
	done.Wait()
	each(row, time.Since(start), yields/count*count)
}

func spawnAwait() {
	const spawns = 1_000_000
	result, sum := make(chan int), 0
	start := time.Now()
	for i := 0; i < spawns; i++ {
		go func() { result <- 1 }()
		sum += <-result
	}
	each("spawn_await", time.Since(start), sum)
}

// spawnBurst creates size goroutines, then waits for all of them; rounds times.
func spawnBurst(row string, size, rounds int) {
	start := time.Now()
	for round := 0; round < rounds; round++ {
		var done sync.WaitGroup
		done.Add(size)
		for i := 0; i < size; i++ {
			go done.Done()
		}
		done.Wait()
	}
	each(row, time.Since(start), size*rounds)
}
