/* A disk that is as slow as a test likes. What is read is not in memory at first; a thread that reads it waits at a gate,
 * and has brought it there when it is let through. The loop's own thread is never stopped: it is found out. */
#ifndef TESTS_SLOW_DISK_H
#define TESTS_SLOW_DISK_H

#include "base/fault.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static struct {
        pthread_t loop_thread;
        atomic_bool is_cold;   /* nothing of what is read lies in memory, */
        bool stays_cold;       /* nor does it ever, if one asks */
        atomic_bool is_open;   /* threads need not wait */
        atomic_int waiting;    /* threads that do */
        atomic_int trips;      /* of threads to the disk, */
        atomic_int loop_trips; /* and of the loop's, which must not go there */
        pthread_mutex_t lock;
        pthread_cond_t changed;
} slow_disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline void slow_disk_visit(void)
{
        pthread_mutex_lock(&slow_disk.lock);
        slow_disk.waiting++;
        while (!slow_disk.is_open)
                pthread_cond_wait(&slow_disk.changed, &slow_disk.lock);
        slow_disk.waiting--;
        pthread_mutex_unlock(&slow_disk.lock);
        slow_disk.trips++;
        slow_disk.is_cold = slow_disk.stays_cold;
}

static inline bool slow_disk_script(const char *what)
{
        bool asks = strcmp(what, "preadv2") == 0 || strcmp(what, "openat2, cached") == 0;
        bool goes = strcmp(what, "pread") == 0 || strcmp(what, "openat2") == 0;

        if (asks)
                return slow_disk.is_cold;
        if (!goes || !slow_disk.is_cold)
                return false;
        if (pthread_equal(pthread_self(), slow_disk.loop_thread))
                slow_disk.loop_trips++;
        else
                slow_disk_visit();
        return false;
}

/** From now on what this thread's loop reads is not in memory, until a thread has read it. */
static inline void slow_disk_begin(void)
{
        slow_disk.loop_thread = pthread_self();
        slow_disk.stays_cold = false;
        slow_disk.is_open = false;
        slow_disk.trips = slow_disk.loop_trips = 0;
        slow_disk.is_cold = true;
        fault_script(slow_disk_script);
}

/** Let the threads read. */
static inline void slow_disk_open(void)
{
        pthread_mutex_lock(&slow_disk.lock);
        slow_disk.is_open = true;
        pthread_cond_broadcast(&slow_disk.changed);
        pthread_mutex_unlock(&slow_disk.lock);
}

static inline void slow_disk_end(void)
{
        fault_script(NULL);
}

#endif
