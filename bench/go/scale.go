package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// The rows of scale.py. How many there are is in the environment's N.
func init() {
	rows["scale_spawn"] = scaleSpawn
	rows["scale_yield"] = scaleYield
}

func scaleCount() int {
	n, err := strconv.Atoi(os.Getenv("N"))
	if err != nil {
		panic(err)
	}
	return n
}

// scaleSpawn starts n goroutines, then waits for the result of each.
func scaleSpawn() {
	n := scaleCount()
	rounds := (1_000_000 + n - 1) / n
	results := make(chan int, n)
	var start time.Duration
	for round := 0; round <= rounds; round++ {
		if round == 1 {
			start = cpu()
		}
		for i := 0; i < n; i++ {
			go func() { results <- 1 }()
		}
		for i := 0; i < n; i++ {
			<-results
		}
	}
	each("spawn", cpu()-start, rounds*n)
}

// memoryNow returns the bytes of this process: resident, and of page tables.
func memoryNow() int {
	sum := 0
	for path, name := range map[string]string{"/proc/self/smaps_rollup": "Rss:", "/proc/self/status": "VmPTE:"} {
		text, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
				kib, _ := strconv.Atoi(fields[1])
				sum += kib * 1024
			}
		}
	}
	return sum
}

// scaleYield tells what n goroutines hold, and has them take turns.
func scaleYield() {
	n := scaleCount()
	rounds := (4_000_000 + n - 1) / n
	begun, done, gate := make(chan bool, 1000), make(chan bool, 1000), make(chan bool)
	memoryNow()
	before := memoryNow()
	for i := 0; i < n; i++ {
		go func() {
			begun <- true
			<-gate
			for i := 0; i < rounds; i++ {
				runtime.Gosched()
			}
			done <- true
		}()
	}
	for i := 0; i < n; i++ {
		<-begun
	}
	figure("bytes", float64(memoryNow()-before)/float64(n), "B")
	start := cpu()
	close(gate)
	for i := 0; i < n; i++ {
		<-done
	}
	each("yield", cpu()-start, rounds*n)
}
