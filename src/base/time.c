#include <eddy/time.h>

#include <time.h>

eddy_time eddy_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (eddy_time)now.tv_sec * 1000000000 + now.tv_nsec;
}
