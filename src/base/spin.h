/* Looking for a while at what another thread is about to do, before sleeping until it has.
 *
 * To sleep and to be woken costs two system calls and, on either side, a processor that comes out of its own sleep:
 * several microseconds in all, for an answer that may have been there in one. But a processor that spins in vain is
 * taken from others. So each sleeper keeps account: it spins only after a sleep that was short, and lets the more
 * chances pass the more often it has spun in vain. Who is left alone never spins. */
#ifndef BASE_SPIN_H
#define BASE_SPIN_H

#include <eddy/time.h>

/** Longer than it takes to wake a thread: two that wake each other must find each other spinning some time. */
#define SPIN_LONGEST eddy_us(50)

/** A sleep shorter than this, its wake-up included, might have been spared. */
#define SPIN_SHORT_SLEEP eddy_us(200)

/** One sleeper's account; zeroed at first. */
struct spin {
        bool is_promising; /* the last sleep was short, or the last spin had its reward */
        unsigned penalty;  /* grows with each spin in vain */
        unsigned skip;     /* chances to let pass until the next one */
        int processors;    /* that the thread may run on; 0: not asked yet */
};

#if defined(__x86_64__) || defined(__i386__)
static inline void spin_pause(void)
{
        __builtin_ia32_pause();
}
#elif defined(__aarch64__)
static inline void spin_pause(void)
{
        __asm__ volatile("isb");
}
#else
static inline void spin_pause(void)
{
}
#endif

/** Spin until `has_news` holds, where that is worth trying; whether it does. */
bool spin_until(struct spin *spin, bool (*has_news)(void *arg), void *arg, eddy_duration longest);

/** Tell how long the caller slept after all, and whether what woke it was what it would have spun for. */
void spin_slept(struct spin *spin, eddy_duration slept, bool had_news);

#endif
