package main

import (
	"os/exec"
	"runtime"
	"time"
)

// spawnProcess starts /bin/true again and again, with so many bytes of our own touched.
func spawnProcess(row string, bytes int) {
	const spawns = 300
	memory := make([]byte, bytes)
	for i := 0; i < bytes; i += 4096 {
		memory[i] = 1
	}
	start := time.Now()
	for i := 0; i < spawns; i++ {
		if err := exec.Command("/bin/true").Run(); err != nil {
			panic(err)
		}
	}
	figure(row, float64(time.Since(start).Nanoseconds())/1000/spawns, "us")
	runtime.KeepAlive(memory)
}
