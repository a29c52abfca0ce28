package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// memory returns this process's resident bytes and page tables.
func memory() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	sum := 0.0
	for _, line := range strings.Split(string(status), "\n") {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f", &kib); err == nil {
			sum += kib * 1024
		} else if _, err := fmt.Sscanf(line, "VmPTE: %f", &kib); err == nil {
			sum += kib * 1024
		}
	}
	return sum
}

// sleepers has a million goroutines sleep at once, 3 s each.
func sleepers() {
	const count, asleep = 1_000_000, 3 * time.Second
	var done sync.WaitGroup
	var begun, ended atomic.Int64
	done.Add(count)
	before, start := memory(), time.Now()
	for i := 0; i < count; i++ {
		go func() {
			begun.Add(1)
			time.Sleep(asleep)
			ended.Add(1)
			done.Done()
		}()
	}
	for begun.Load() < count {
		runtime.Gosched()
	}
	bytes := (memory() - before) / count
	if awake := ended.Load(); awake > 0 {
		fmt.Fprintln(os.Stderr, awake, "woke before the last had begun")
	}
	done.Wait()
	figure("sleepers_wall", time.Since(start).Seconds(), "s")
	figure("sleepers_bytes", bytes, "B")
}
