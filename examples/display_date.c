/*
 * Display the time every 10 ms for 50 ms, as asyncio's documentation does every second for 5 seconds.
 *
 *         loop = asyncio.get_running_loop()                      # asyncio
 *         end_time = loop.time() + 5.0
 *         while True:
 *                 print(datetime.datetime.now())
 *                 if (loop.time() + 1.0) >= end_time:
 *                         break
 *                 await asyncio.sleep(1)
 */
#include <eddy.h>
#include <stdio.h>
#include <time.h>

static void print_now(void)
{
        char text[32];
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        strftime(text, sizeof text, "%F %T", localtime(&now.tv_sec));
        printf("%s.%06ld\n", text, now.tv_nsec / 1000);
}

static intptr_t display_date(void *arg)
{
        (void)arg;
        eddy_loop *loop = eddy_running_loop();
        eddy_time end = eddy_loop_time(loop) + eddy_ms(50);
        for (;;) {
                print_now();
                if (eddy_loop_time(loop) + eddy_ms(10) >= end)
                        return 0;
                int rc = eddy_sleep(eddy_ms(10));
                if (rc < 0)
                        return rc;
        }
}

int main(void)
{
        return eddy_run(display_date, NULL) < 0;
}
