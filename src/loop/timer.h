/* Timers: a hierarchical wheel that sets and cancels in constant time and holds millions. */
#ifndef LOOP_TIMER_H
#define LOOP_TIMER_H

#include <eddy/loop.h>

enum { TIMER_LEVELS = 6, TIMER_SLOTS = 256, TIMER_WORDS = TIMER_SLOTS / 64 };

/** Time is counted in ticks of 2^12 ns. Level n holds the timers whose tick differs from now's first in its
 * nth digit to the base 256, in the slot of that digit; so all of a level's timers are due before all of the
 * next one's. */
struct timer_wheel {
        uint64_t tick;                                /* all earlier ones have been expired */
        uint64_t occupied[TIMER_LEVELS][TIMER_WORDS]; /* a bit a slot; it may have been emptied since */
        eddy_link slots[TIMER_LEVELS][TIMER_SLOTS];
};

void timer_wheel_init(struct timer_wheel *wheel, eddy_time now);

/** Put a timer in whose moment and callback are set. */
void timer_wheel_add(struct timer_wheel *wheel, eddy_timer *timer);

/** Move the handles of timers that are due to the end of `ready`, earliest first. */
void timer_wheel_expire(struct timer_wheel *wheel, eddy_time now, eddy_link *ready);

/** How long until the next timer may be due; EDDY_FOREVER: there is none. */
eddy_duration timer_wheel_timeout(struct timer_wheel *wheel, eddy_time now);

/** Move all timers' handles to `list`. */
void timer_wheel_drain(struct timer_wheel *wheel, eddy_link *list);

#endif
