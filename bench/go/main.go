// Command go is Go's contestant in eddy's benchmark: it runs the rows that its arguments name.
package main

import (
	"fmt"
	"net/http"
	"os"
	"syscall"
	"time"
)

func figure(row string, value float64, unit string) {
	fmt.Printf("%s %.4f %s\n", row, value, unit)
}

// each prints what count repetitions cost each.
func each(row string, spent time.Duration, count int) {
	figure(row, float64(spent.Nanoseconds())/float64(count), "ns")
}

// cpu returns the processor time of this process, user and system.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// rows are those that every Go can run; a file for newer ones adds its own.
var rows = map[string]func(){
	"yield":              func() { yieldAmong("yield", 2) },
	"yield_64":           func() { yieldAmong("yield_64", 64) },
	"spawn_await":        spawnAwait,
	"spawn_burst":        func() { spawnBurst("spawn_burst", 1_000_000, 1) },
	"spawn_burst_1000":   func() { spawnBurst("spawn_burst_1000", 1000, 1000) },
	"lock_pair":          lockPair,
	"lock_handover":      lockHandover,
	"sleepers":           sleepers,
	"timer_set":          timerSet,
	"timer_fire":         timerFire,
	"echo":               func() { acceptAll(listen(), echo(4096)) },
	"echo_64k":           func() { acceptAll(listen(), echo(64<<10)) },
	"tls_echo":           func() { acceptAll(listenSecurely(), echo(16<<10)) },
	"tls_greet":          func() { acceptAll(listenSecurely(), greet) },
	"udp_echo":           udpEcho,
	"http":               func() { serveHTTP(http.HandlerFunc(hello)) },
	"http_client_1":      func() { httpClient("http_client_1", 1) },
	"http_client_100":    func() { httpClient("http_client_100", 100) },
	"file_read":          fileRead,
	"file_write":         fileWrite,
	"file_write_memory":  fileWriteMemory,
	"queue_item":         queueItem,
	"channel_round_trip": func() { passToAndFro("channel_round_trip", play) },
	"select_round_trip":  func() { passToAndFro("select_round_trip", playSelectively) },
	"context_get":        contextGet,
	"thread_round_trip":  threadRoundTrip,
	"to_thread":          toThread,
	"spawn_process_10mb": func() { spawnProcess("spawn_process_10mb", 10<<20) },
	"spawn_process_2gb":  func() { spawnProcess("spawn_process_2gb", 2<<30) },
}

func main() {
	for _, row := range os.Args[1:] {
		run, known := rows[row]
		if !known {
			fmt.Fprintln(os.Stderr, "needs a newer Go: it has no row", row)
			os.Exit(77)
		}
		run()
	}
}
