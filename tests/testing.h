/* What the unit tests share. None of them sleeps to wait for a thing to happen. */
#ifndef TESTING_H
#define TESTING_H

#include "base/fault.h"
#include "base/sanitizer.h"
#include "loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <eddy.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* The C library's switch, where no other is: it neither unwinds to the loop nor starts coroutines in a floating
 * point mode of their own. */
#ifdef EDDY_UCONTEXT
#define USES_UCONTEXT 1
#else
#define USES_UCONTEXT 0
#endif

/** A test outside any coroutine. */
#define TEST(name) static void name(void **state __attribute__((unused)))

/** A test that is the main coroutine of a loop of its own. */
#define COROUTINE_TEST(name)                                                                                   \
        static void name##_body(void);                                                                         \
        static intptr_t name##_main(void *arg __attribute__((unused)))                                         \
        {                                                                                                      \
                name##_body();                                                                                 \
                return 0;                                                                                      \
        }                                                                                                      \
        TEST(name)                                                                                             \
        {                                                                                                      \
                assert_int_equal(run_main(name##_main, NULL), 0);                                              \
        }                                                                                                      \
        static void name##_body(void)

/** eddy_run(), also after a test whose assertion failed within a loop and so left that by a jump. */
static inline intptr_t run_main(eddy_fn fn, void *arg)
{
        fault_arm(0, 0);
        loop_running_here = NULL;
        return eddy_run(fn, arg);
}

/** A new loop, likewise. */
static inline eddy_loop *new_loop(void)
{
        eddy_loop *loop;

        fault_arm(0, 0);
        loop_running_here = NULL;
        assert_int_equal(eddy_loop_create(&loop), 0);
        return loop;
}

/** Run the callbacks that are ready, and those of events that have come; once. */
static inline void run_once(eddy_loop *loop)
{
        eddy_loop_stop(loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
}

/** What happened, a letter each, in order. */
static char trail[128];

static inline void trail_clear(void)
{
        trail[0] = '\0';
}

static inline void trail_add(char letter)
{
        size_t size = strlen(trail);

        assert_true(size < sizeof trail - 1);
        trail[size] = letter;
        trail[size + 1] = '\0';
}

/** Compare what happened since the last time. */
#define assert_trail(expected)                                                                                 \
        do {                                                                                                   \
                assert_string_equal(trail, expected);                                                          \
                trail_clear();                                                                                 \
        } while (0)

/** Callback: add the letter that arg points to. */
static inline void note(void *letter)
{
        trail_add(*(const char *)letter);
}

/** Callback: stop the loop that arg is. */
static inline void stop(void *loop)
{
        eddy_loop_stop(loop);
}

/** A count that the tools that slow a program down make smaller. */
static inline unsigned scaled(unsigned n)
{
        /* An emulator needs mappings for itself. */
        return SANITIZER_WATCHES_MEMORY || RUNNING_ON_VALGRIND || getenv("EDDY_EXE_WRAPPER") ? n / 100 : n;
}

#endif
