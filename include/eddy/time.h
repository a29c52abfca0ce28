/* Time: nanoseconds in 64 bits, on the monotonic clock. */
#ifndef EDDY_TIME_H
#define EDDY_TIME_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

/** A length of time in nanoseconds. */
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

/** A duration of microseconds. */
static inline eddy_duration eddy_us(int64_t microseconds)
{
        return microseconds * 1000;
}

/** A duration of milliseconds. */
static inline eddy_duration eddy_ms(int64_t milliseconds)
{
        return milliseconds * 1000000;
}

/** A duration of seconds, with fractions. */
static inline eddy_duration eddy_seconds(double seconds)
{
        return (eddy_duration)(seconds * 1e9);
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
