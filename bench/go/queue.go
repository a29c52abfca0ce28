package main

import "time"

// queueItem sends numbers through a channel with 128 slots.
func queueItem() {
	const items = 10_000_000
	queue, sum := make(chan int, 128), 0
	start := time.Now()
	go func() {
		for i := 1; i <= items; i++ {
			queue <- i
		}
	}()
	for i := 0; i < items; i++ {
		sum += <-queue
	}
	each("queue_item", time.Since(start), items)
	if sum != items*(items+1)/2 {
		panic("items were lost")
	}
}

const roundTrips = 1_000_000

// play is one of two that pass a number to and fro, and count the passes in it.
func play(in <-chan int, out chan<- int) {
	for i := 0; i < roundTrips; i++ {
		out <- 1 + <-in
	}
}

// playSelectively is play, but it would also listen to a channel on which nothing ever comes.
func playSelectively(in <-chan int, out chan<- int) {
	silent := make(chan int)
	for i := 0; i < roundTrips; i++ {
		select {
		case number := <-in:
			out <- number + 1
		case <-silent:
			panic("it was not silent")
		}
	}
}

func passToAndFro(row string, side func(in <-chan int, out chan<- int)) {
	there, back := make(chan int), make(chan int)
	start := time.Now()
	go side(back, there)
	go func() { there <- 0 }()
	side(there, back)
	passes := <-there // the other's last
	each(row, time.Since(start), roundTrips)
	if passes != 2*roundTrips {
		panic("passes were lost")
	}
}
