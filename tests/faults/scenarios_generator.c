#include "scenarios.h"

/** Numbers, with a suspension before each; its end suspends, too, and is shielded. */
static intptr_t count(eddy_generator *self, void *arg)
{
        int rc = 0;

        (void)arg;
        for (intptr_t i = 1; i <= 3 && rc == 0; i++) {
                EDDY_TIMEOUT_SCOPE(eddy_seconds(10)) {
                        rc = eddy_yield();
                        if (rc == 0)
                                rc = eddy_generator_yield(self, i, NULL);
                }
        }
        EDDY_SHIELD_SCOPE
                eddy_yield();
        return rc;
}

/** Take all that a generator yields: 0 where it is what count() has. */
static int drain(eddy_generator *generator)
{
        intptr_t value, sum = 0;
        int rc;

        while ((rc = eddy_generator_next(generator, &value)) == 0)
                sum += value;
        if (rc != EDDY_ENOMORE)
                return rc;
        return sum == 6 ? 0 : -EFAULT;
}

static intptr_t draining(void *arg)
{
        eddy_generator *numbers = eddy_generate(count, &(int){0});
        int rc = drain(numbers);

        (void)arg;
        eddy_generator_destroy(numbers);
        return rc;
}

static intptr_t dropping(void *arg)
{
        eddy_generator *numbers = eddy_create_generator(count, NULL);
        int rc = eddy_generator_next(numbers, NULL);

        (void)arg;
        eddy_generator_destroy(numbers);
        return rc;
}

static intptr_t closing(void *arg)
{
        eddy_generator *numbers = eddy_create_generator(count, NULL);
        int rc = eddy_generator_next(numbers, NULL), closed = eddy_generator_close(numbers);

        (void)arg;
        eddy_generator_destroy(numbers);
        return rc < 0 ? rc : closed;
}

static intptr_t delegate(eddy_generator *self, void *arg)
{
        eddy_generator *inner = eddy_create_generator(count, NULL);
        int rc = eddy_generator_yield_from(self, inner, NULL);

        (void)arg;
        eddy_generator_destroy(inner);
        return rc;
}

static intptr_t delegating(void *arg)
{
        eddy_generator *outer = eddy_create_generator(delegate, NULL);
        int rc = drain(outer);

        (void)arg;
        eddy_generator_destroy(outer);
        return rc;
}

static intptr_t take_one(void *generator)
{
        return eddy_generator_next(generator, NULL);
}

static intptr_t handing_on(void *arg)
{
        eddy_generator *numbers = eddy_create_generator(count, NULL);
        int rc = 0;

        (void)arg;
        for (int i = 0; i < 3 && rc == 0; i++)
                rc = settle(eddy_create_task(take_one, numbers));
        eddy_generator_destroy(numbers);
        return rc;
}

/** Owns memory, which its end gives back. */
static intptr_t own(eddy_generator *self, void *arg)
{
        int rc = eddy_generator_yield(self, 1, NULL);

        EDDY_SHIELD_SCOPE
                eddy_sleep(eddy_us(10));
        eddy_free(arg);
        return rc;
}

static eddy_generator *left;

/** Its run's end closes it; the next run finds it ended. */
static intptr_t leaving(void *arg)
{
        void *memory = eddy_malloc(100);
        int rc;

        (void)arg;
        eddy_generator_destroy(left);
        left = eddy_create_generator(own, memory);
        rc = eddy_generator_next(left, NULL);
        if (rc < 0)
                eddy_free(memory);
        return rc < 0 ? rc : eddy_yield();
}

const struct scenario scenarios[] = {
    {"a generator is drained", draining},
    {"a generator is dropped", dropping},
    {"a generator is closed", closing},
    {"a generator yields from another", delegating},
    {"a generator is handed on", handing_on},
    {"a generator is left behind", leaving},
    {NULL, NULL},
};
