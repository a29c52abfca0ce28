/* Nothing is lost between those who wait, whenever they are cancelled. */
#include "helpers.h"

enum { WORKERS = 6, PLACES = 2, TOKENS = 2, USES = 20, GUSTS = 20, PATIENCE = 10000 };

static eddy_lock lock;
static eddy_condition returned;
static eddy_semaphore semaphore;
static int holders, place_takers, tokens;
static unsigned cancelled;
static uint64_t seed;

static unsigned random_below(unsigned n)
{
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return (unsigned)(seed >> 33) % n;
}

static int stay(int *count, int most)
{
        int rc;

        ++*count;
        assert_true(*count <= most);
        rc = random_below(2) ? eddy_yield() : 0;
        --*count;
        return rc;
}

static int use_lock(void)
{
        int rc, stayed = 0;

        EDDY_LOCK_SCOPE(&lock, rc)
                stayed = stay(&holders, 1);
        return rc < 0 ? rc : stayed;
}

static int use_semaphore(void)
{
        int rc, stayed = 0;

        EDDY_SEMAPHORE_SCOPE(&semaphore, rc)
                stayed = stay(&place_takers, PLACES);
        return rc < 0 ? rc : stayed;
}

static bool has_token(void *arg)
{
        (void)arg;
        return tokens > 0;
}

/** Take a token, and give it back a while later. */
static int use_condition(void)
{
        int rc, waited = 0;

        EDDY_LOCK_SCOPE(&lock, rc) {
                waited = eddy_condition_wait_for(&returned, has_token, NULL);
                assert_int_equal(holders, 0);
                if (waited == 0)
                        tokens--;
        }
        if (rc < 0 || waited < 0)
                return rc < 0 ? rc : waited;
        waited = eddy_yield();
        EDDY_SHIELD_SCOPE
                EDDY_LOCK_SCOPE(&lock, rc) {
                        tokens++;
                        assert_int_equal(eddy_condition_notify(&returned, 1), 0);
                        rc = stay(&holders, 1);
                }
        return rc < 0 ? rc : waited;
}

static intptr_t work(void *arg)
{
        static int (*const uses[])(void) = {use_lock, use_semaphore, use_condition};

        (void)arg;
        for (int i = 0; i < USES; i++) {
                int rc = uses[random_below(3)]();

                assert_true(rc == 0 || rc == EDDY_CANCELLED);
                while (eddy_cancelling(eddy_current_task()) > 0) {
                        cancelled++;
                        eddy_uncancel();
                }
        }
        return 0;
}

static bool are_done(eddy_task *const tasks[])
{
        for (int i = 0; i < WORKERS; i++)
                if (!eddy_done(tasks[i]))
                        return false;
        return true;
}

/** Cancel at random for a while, then no more: where something was lost, somebody waits for ever. */
static void storm(void)
{
        eddy_task *tasks[WORKERS];

        for (int i = 0; i < WORKERS; i++)
                tasks[i] = eddy_create_task(work, NULL);
        for (int i = 0; i < PATIENCE && !are_done(tasks); i++) {
                if (i < GUSTS)
                        eddy_cancel(tasks[random_below(WORKERS)]);
                assert_int_equal(eddy_yield(), 0);
        }
        assert_true(are_done(tasks));
        assert_false(eddy_lock_locked(&lock));
        assert_int_equal(eddy_semaphore_value(&semaphore), PLACES);
        assert_int_equal(tokens, TOKENS);
        for (int i = 0; i < WORKERS; i++)
                assert_int_equal(outcome_of(tasks[i]), 0);
}

COROUTINE_TEST(loses_nothing_in_storms_of_cancellations)
{
        unsigned storms = scaled(2000);

        seed = 1;
        holders = place_takers = 0;
        tokens = TOKENS;
        cancelled = 0;
        eddy_lock_init(&lock);
        eddy_condition_init(&returned, &lock);
        eddy_bounded_semaphore_init(&semaphore, PLACES);
        for (unsigned i = 0; i < storms; i++)
                storm();
        assert_true(cancelled > storms);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(loses_nothing_in_storms_of_cancellations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
