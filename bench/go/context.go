package main

import (
	"context"
	"time"
)

const gets = 50_000_000

type key int

func contextGet() {
	ctx := context.Background()
	for i := 0; i < 3; i++ {
		ctx = context.WithValue(ctx, key(i), i+1)
	}
	start, sum := time.Now(), 0
	for i := 0; i < gets; i++ {
		sum += ctx.Value(key(1)).(int)
	}
	each("context_get", time.Since(start), gets)
	if sum != 2*gets {
		panic("values are lost")
	}
}
