/* Time: nanoseconds in 64 bits, on the monotonic clock. */
#ifndef EDDY_TIME_H
#define EDDY_TIME_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

/** A length of time in nanoseconds. Wherever one is taken, none is too long, and one that is 0 or less is over at once. */
typedef int64_t eddy_duration;

/** A moment on the monotonic clock in nanoseconds; its zero means nothing. */
typedef int64_t eddy_time;

/** Longer than any program runs; as a deadline, none. */
#define EDDY_FOREVER INT64_MAX

/** A duration of nanoseconds. */
static inline eddy_duration eddy_ns(int64_t nanoseconds)
{
        return nanoseconds;
}

/* So many of a unit: what is too long to be counted is as long as can be, in its direction. */
static inline eddy_duration eddy_duration_of_(int64_t count, int64_t unit)
{
        eddy_duration duration;

        if (__builtin_mul_overflow(count, unit, &duration))
                return count < 0 ? INT64_MIN : EDDY_FOREVER;
        return duration;
}

/** A duration of microseconds; EDDY_FOREVER where it is too long to be counted. */
static inline eddy_duration eddy_us(int64_t microseconds)
{
        return eddy_duration_of_(microseconds, 1000);
}

/** A duration of milliseconds; EDDY_FOREVER where it is too long to be counted. */
static inline eddy_duration eddy_ms(int64_t milliseconds)
{
        return eddy_duration_of_(milliseconds, 1000000);
}

/** A duration of seconds, with fractions. Infinity, and whatever is too long to be counted, is EDDY_FOREVER; what is
 * not a number (NaN) is no time at all: 0. */
static inline eddy_duration eddy_seconds(double seconds)
{
        double nanoseconds = seconds * 1e9;

        if (nanoseconds >= 9223372036854775808.0) /* 2 to the power of 63 */
                return EDDY_FOREVER;
        if (nanoseconds < -9223372036854775808.0)
                return INT64_MIN;
        return nanoseconds == nanoseconds ? (eddy_duration)nanoseconds : 0;
}

/** The moment that is so long after another, or before it where `delay` is negative. What is too late to be counted is
 * EDDY_FOREVER, and from there nothing leads back: a deadline that is none stays none. */
static inline eddy_time eddy_time_add(eddy_time when, eddy_duration delay)
{
        eddy_time sum;

        if (when == EDDY_FOREVER)
                return EDDY_FOREVER;
        if (__builtin_add_overflow(when, delay, &sum))
                return delay < 0 ? INT64_MIN : EDDY_FOREVER;
        return sum;
}

/** A duration as seconds, for printing. */
static inline double eddy_to_seconds(eddy_duration duration)
{
        return (double)duration / 1e9;
}

/** The monotonic clock, read now; within a loop eddy_loop_time() costs less. */
EDDY_API eddy_time eddy_now(void);

EDDY_END_DECLS

#endif
