"""rq's contestant in eddy's benchmark of durable jobs: rq_jobs.py URL MODE NUMBER... A worker does one job after the other, so that
there is one for each that is to run at a time; enqueueing, too, is done by threads."""
import os
import sys
import tempfile
import threading
import time

import peer_jobs

try:
    import redis
    import rq
    from rq.timeouts import TimerDeathPenalty
except ImportError:
    peer_jobs.need("rq")

BEGUN = peer_jobs.Begun()


def bench(payload):
    BEGUN.add(payload)


class Worker(rq.SimpleWorker):
    """That does not fork for each job."""
    death_penalty_class = TimerDeathPenalty


def enqueue(queue, n):
    if n == 1:
        queue.enqueue(bench_name, peer_jobs.payload(), result_ttl=0)
        return
    queue.enqueue_many([rq.Queue.prepare_data(bench_name, (peer_jobs.payload(),), result_ttl=0) for _ in range(n)])


def together(function, threads):
    all_of_them = [threading.Thread(target=function) for _ in range(threads)]
    for thread in all_of_them:
        thread.start()
    for thread in all_of_them:
        thread.join()


def enqueue_all(queue, count, batch, threads, seconds=float("inf")):
    added, lock, end = 0, threading.Lock(), time.monotonic() + seconds

    def one():
        nonlocal added
        while time.monotonic() < end:
            with lock:
                n = min(batch, count - added)
                added += n
            if n == 0:
                return
            enqueue(queue, n)
    together(one, threads)
    return added


def produce(queue, rate, seconds):
    start, lock, due = time.monotonic(), threading.Lock(), 0

    def one():
        nonlocal due
        while True:
            at = time.monotonic() - start
            if rate:
                with lock:
                    at, due = due / rate, due + 1
            if at >= seconds:
                return
            time.sleep(max(0, at - (time.monotonic() - start)))
            enqueue(queue, 1)
    together(one, peer_jobs.TOGETHER)


def work_alone(url, count, report):
    """One worker; it is ended from beside, as it has no end of its own."""
    def watch():
        while not BEGUN.is_all(count):
            time.sleep(0.1)
        time.sleep(0.1)  # to tell of the last one
        report.write(BEGUN.lines())
        report.flush()
        os._exit(0)
    threading.Thread(target=watch, daemon=True).start()
    Worker(["bench"], connection=redis.Redis.from_url(url)).work(logging_level="ERROR")


def work(url, count, concurrency):
    reports, children = [], []
    print("ready", flush=True)
    for _ in range(concurrency):
        reports.append(tempfile.TemporaryFile("w+"))
        child = os.fork()
        if child == 0:
            work_alone(url, count, reports[-1])
            os._exit(1)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    print("peak", peer_jobs.peak())
    for report in reports:
        report.seek(0)
        sys.stdout.write(report.read())


bench_name = "rq_jobs.bench"


def main():
    url, mode, numbers = sys.argv[1], sys.argv[2], [float(word) for word in sys.argv[3:]]
    if mode == "work":
        work(url, *map(int, numbers))
        return
    queue = rq.Queue("bench", connection=redis.Redis.from_url(url))
    start = time.monotonic()
    if mode == "produce":
        produce(queue, *numbers)
    elif mode == "fill":
        enqueue_all(queue, int(numbers[0]), peer_jobs.FILL_BATCH, 2)
    else:
        print("count", enqueue_all(queue, float("inf"), int(numbers[1]), int(numbers[2]), numbers[0]))
    print("seconds", time.monotonic() - start)


if __name__ == "__main__":
    import rq_jobs  # which the workers import
    rq_jobs.main()
