// Command jobs is asynq's and River's contestant in eddy's benchmark of durable jobs: jobs NAME URL MODE NUMBER..., whose words are those
// of all contestants (docs/performance.md).
package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	payloadBytes = 63
	together     = 16
)

// system is one of the contestants.
type system interface {
	open(ctx context.Context, url string) error
	// enqueue adds so many, in one call where the system has one for that.
	enqueue(ctx context.Context, n int) error
	// start begins to work; its stop waits until all that is done has been told.
	start(ctx context.Context, concurrency int) (stop func(), err error)
	fillBatch() int
}

type begun struct{ when, enqueued int64 }

var (
	origin  = time.Now() // of the clock that goes on evenly
	started = origin.UnixNano()
	lock    sync.Mutex
	jobs    []begun
	most    int
	done    = make(chan struct{})
	last    atomic.Int64
)

func now() int64 { return started + int64(time.Since(origin)) }

func payload() string { return fmt.Sprintf("%-*d", payloadBytes, now()) }

// began is what every handler does.
func began(payload string) {
	when := now()
	enqueued, _ := strconv.ParseInt(strings.TrimSpace(payload), 10, 64)
	last.Store(when)
	lock.Lock()
	jobs = append(jobs, begun{when, enqueued})
	isLast := len(jobs) == most
	lock.Unlock()
	if isLast {
		close(done)
	}
}

func number(i int) int {
	value, err := strconv.Atoi(os.Args[i])
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// enqueueAll adds count jobs by so many goroutines, so many in each call, for so many seconds at most: how many.
func enqueueAll(ctx context.Context, which system, count, batch, goroutines int, seconds float64) int64 {
	var left, added atomic.Int64
	start := time.Now()
	var group sync.WaitGroup
	left.Store(int64(count))
	for i := 0; i < goroutines; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				before := left.Add(-int64(batch)) + int64(batch)
				if before <= 0 || time.Since(start).Seconds() > seconds {
					return
				}
				check(which.enqueue(ctx, min(batch, int(before))))
				added.Add(int64(min(batch, int(before))))
			}
		}()
	}
	group.Wait()
	return added.Load()
}

// produce adds rate jobs a second as each is due, or as many as can be.
func produce(ctx context.Context, which system, rate, seconds float64) {
	var next atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	goroutines := together
	if rate > 0 {
		goroutines *= 4
	}
	for i := 0; i < goroutines; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				at := time.Since(start).Seconds()
				if rate > 0 {
					at = float64(next.Add(1)-1) / rate
				}
				if at >= seconds {
					return
				}
				time.Sleep(time.Duration(at*1e9) - time.Since(start))
				check(which.enqueue(ctx, 1))
			}
		}()
	}
	group.Wait()
}

func endWhenIdle() {
	last.Store(now() + 2e9)
	for now()-last.Load() < 2e9 {
		select {
		case <-done:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func work(ctx context.Context, which system, count, concurrency int) {
	most = count
	jobs = make([]begun, 0, count+1000)
	stop, err := which.start(ctx, concurrency)
	check(err)
	fmt.Println("ready")
	if count == 0 {
		select {} // until it is killed
	}
	endWhenIdle()
	stop()
	printMemory()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	lock.Lock()
	for _, job := range jobs {
		fmt.Fprintln(out, job.when, job.enqueued)
	}
}

func printMemory() {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(after)[0])
	check(err)
	fmt.Println("peak", kilobytes*1024)
}

func main() {
	ctx := context.Background()
	which, known := map[string]system{"asynq": &asynqSystem{}, "river": &riverSystem{}}[os.Args[1]]
	if !known {
		check(fmt.Errorf("no such system: %s", os.Args[1]))
	}
	check(which.open(ctx, os.Args[2]))
	switch os.Args[3] {
	case "fill":
		enqueueAll(ctx, which, number(4), which.fillBatch(), together, math.MaxFloat64)
	case "enqueue":
		start := time.Now()
		seconds, err := strconv.ParseFloat(os.Args[4], 64)
		check(err)
		fmt.Println("count", enqueueAll(ctx, which, math.MaxInt32, number(5), number(6), seconds))
		fmt.Println("seconds", time.Since(start).Seconds())
	case "produce":
		rate, err := strconv.ParseFloat(os.Args[4], 64)
		check(err)
		seconds, err := strconv.ParseFloat(os.Args[5], 64)
		check(err)
		produce(ctx, which, rate, seconds)
	case "work":
		work(ctx, which, number(4), number(5))
	}
}
