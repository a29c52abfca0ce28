/* Timers: a hierarchical wheel that sets and cancels in constant time and holds millions. */
#ifndef LOOP_TIMER_H
#define LOOP_TIMER_H

#include <eddy/loop.h>

enum {
        TIMER_LEVELS = 5,
        TIMER_MOST_SLOTS = 4096, /* that one level has */
        TIMER_ALL_SLOTS = 256 + TIMER_MOST_SLOTS + 3 * 1024,
};

/** Which slots of a level are occupied; one may have been emptied since. */
struct timer_level {
        uint64_t words;                           /* a bit for each of these that is not 0 */
        uint64_t occupied[TIMER_MOST_SLOTS / 64]; /* a bit a slot */
};

/** Time is counted in ticks of 2^12 ns, and a tick written with one digit a level. Level n holds the timers whose
 * tick differs from now's first in its nth digit, in the slot of that digit; so all of a level's timers are due
 * before all of the next one's. */
struct timer_wheel {
        uint64_t tick;    /* all earlier ones have been expired */
        uint64_t fetched; /* the slots of level 1 before this tick have been fetched */
        struct timer_level levels[TIMER_LEVELS];
        eddy_link slots[TIMER_ALL_SLOTS]; /* lists; only those of occupied slots are initialised */
};

void timer_wheel_init(struct timer_wheel *wheel, eddy_time now);

/** Put a timer in whose moment and callback are set. */
void timer_wheel_add(struct timer_wheel *wheel, eddy_timer *timer);

/** Move the handles of timers that are due to the end of `ready`, earliest first; of very many only the first. */
void timer_wheel_expire(struct timer_wheel *wheel, eddy_time now, eddy_link *ready);

/** How long until the next timer may be due; EDDY_FOREVER: there is none. */
eddy_duration timer_wheel_timeout(struct timer_wheel *wheel, eddy_time now);

struct context;

/** As eddy_call_at() and eddy_call_later() without a timer, in a context. */
int timer_call_at_in(eddy_loop *loop, struct context *context, eddy_time when, eddy_callback callback,
                     void *arg);
int timer_call_later_in(eddy_loop *loop, struct context *context, eddy_duration delay, eddy_callback callback,
                        void *arg);

/** Call a function with each timer that waits, until it answers other than 0: that answer, or 0. */
int timer_wheel_each(struct timer_wheel *wheel, int (*visit)(eddy_timer *timer, void *arg), void *arg);

/** Move all timers' handles to `list`. */
void timer_wheel_drain(struct timer_wheel *wheel, eddy_link *list);

#endif
