package main

import (
	"context"
	"iter"
	"time"
)

const (
	steps = 5_000_000
	gets  = 50_000_000
)

func generatorStep() {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := 1; yield(i); i++ {
		}
	})
	defer stop()
	start, last := time.Now(), 0
	for range steps {
		last, _ = next()
	}
	each("generator_step", time.Since(start), steps)
	if last != steps {
		panic("numbers are lost")
	}
}

type key int

func contextGet() {
	ctx := context.Background()
	for i := range 3 {
		ctx = context.WithValue(ctx, key(i), i+1)
	}
	start, sum := time.Now(), 0
	for range gets {
		sum += ctx.Value(key(1)).(int)
	}
	each("context_get", time.Since(start), gets)
	if sum != 2*gets {
		panic("values are lost")
	}
}
