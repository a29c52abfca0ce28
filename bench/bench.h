/* What the contestants written in C share: clocks, random numbers, and one way to print a figure. */
#ifndef EDDY_BENCH_H
#define EDDY_BENCH_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double bench_clock(clockid_t id)
{
        struct timespec now;
        clock_gettime(id, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/** Seconds on the wall. */
static inline double bench_now(void)
{
        return bench_clock(CLOCK_MONOTONIC);
}

/** Seconds of processor time that this process has used, user and system. */
static inline double bench_cpu(void)
{
        return bench_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/** The same numbers in every contestant: xorshift64 from a seed other than 0. */
static inline uint64_t bench_random(uint64_t *state)
{
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return *state;
}

/** Whether a row is asked for: a program runs the rows that its arguments name. */
static inline bool bench_wants(int argc, char **argv, const char *row)
{
        for (int i = 1; i < argc; i++)
                if (strcmp(argv[i], row) == 0)
                        return true;
        return false;
}

/** Leave because this contestant cannot take part here, with the sentence that the report shows in its place. */
__attribute__((noreturn, format(printf, 1, 2))) static inline void bench_skip(const char *why, ...)
{
        va_list arguments;

        va_start(arguments, why);
        vfprintf(stderr, why, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        exit(77);
}

/** Say on which port a server listens; it then serves until it is killed. */
static inline void bench_port(unsigned port)
{
        printf("port %u\n", port);
        fflush(stdout);
}

/** Run a load for so many seconds; or, where that is "-", as often as it is told to: it then says "ready", and each line
 * of its standard input is the seconds of a run, between which its connections stay. */
static inline void bench_runs(const char *seconds, void (*run)(double))
{
        char line[64];

        if (strcmp(seconds, "-") != 0) {
                run(atof(seconds));
                return;
        }
        do {
                puts("ready");
                fflush(stdout);
                if (!fgets(line, sizeof line, stdin))
                        return;
                run(atof(line));
        } while (true);
}

/** Print a figure for run.py: `row value unit`. */
static inline void bench_figure(const char *row, double value, const char *unit)
{
        printf("%s %.4f %s\n", row, value, unit);
        fflush(stdout);
}

/** Print what `count` repetitions cost each. */
static inline void bench_each(const char *row, double seconds, double count)
{
        bench_figure(row, seconds * 1e9 / count, "ns");
}

#endif
