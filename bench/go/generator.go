//go:build go1.23

package main

import (
	"iter"
	"time"
)

const steps = 5_000_000

func init() {
	rows["generator_step"] = generatorStep
}

func generatorStep() {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := 1; yield(i); i++ {
		}
	})
	defer stop()
	start, last := time.Now(), 0
	for i := 0; i < steps; i++ {
		last, _ = next()
	}
	each("generator_step", time.Since(start), steps)
	if last != steps {
		panic("numbers are lost")
	}
}
