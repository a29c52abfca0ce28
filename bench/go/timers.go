package main

import (
	"sync/atomic"
	"time"
)

const timerCount = 1_000_000

// delays are timers.h's: the same generator, the same seed.
func delays(span time.Duration) []time.Duration {
	all, state := make([]time.Duration, timerCount), uint64(88172645463325252)
	for i := range all {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		all[i] = time.Second + time.Duration(state%uint64(span))
	}
	return all
}

// fired counts callbacks; all of them have run when done is closed.
var (
	fired atomic.Int64
	done  = make(chan struct{})
)

func fire() {
	if fired.Add(1) == timerCount {
		close(done)
	}
}

func set(all []*time.Timer, delays []time.Duration) time.Duration {
	start := cpu()
	for i, delay := range delays {
		all[i] = time.AfterFunc(delay, fire)
	}
	return cpu() - start
}

func cancel(all []*time.Timer) time.Duration {
	start := cpu()
	for _, timer := range all {
		timer.Stop()
	}
	return cpu() - start
}

// timerSet and timerFire follow the method that timers.h describes, with
// time.AfterFunc, which gives each callback a goroutine.
func timerSet() {
	all, minute := make([]*time.Timer, timerCount), delays(time.Minute)
	set(all, minute)
	cancel(all)
	each("timer_set", set(all, minute), timerCount)
	each("timer_cancel", cancel(all), timerCount)
}

func timerFire() {
	set(make([]*time.Timer, timerCount), delays(time.Second/2))
	start := cpu()
	<-done
	each("timer_fire", cpu()-start, timerCount)
}
