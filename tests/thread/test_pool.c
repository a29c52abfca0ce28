/* The helper threads of a loop: every job is done once, or dropped with the loop. */
#include "../stream/helpers.h"

#include "base/fault.h"
#include "base/sys.h"
#include "thread/pool.h"
#include <pthread.h>
#include <stdatomic.h>

enum { JOBS = 500 };

/** As Python's. */
static unsigned most_threads(void)
{
        unsigned count = (unsigned)sys_processor_count() + 4;

        return count < 32 ? count : 32;
}

/** Wait for what other threads do, and leave the processor to them. */
#define until_others(condition)                                                                                \
        while (!(condition))                                                                                   \
        assert_int_equal(eddy_sleep(eddy_us(100)), 0)

/** What jobs have in common. */
struct shop {
        pthread_t loop_thread;
        atomic_uint begun, at_once, most_at_once;
        atomic_bool is_open; /* jobs that wait for it may go on */
        unsigned done, dropped;
};

struct errand {
        struct thread_job job;
        struct shop *shop;
        struct errand *other; /* whose work this one's waits for */
        atomic_bool was_worked;
};

static void work(struct thread_job *job)
{
        struct errand *errand = container_of(job, struct errand, job);
        struct shop *shop = errand->shop;
        unsigned now = atomic_fetch_add(&shop->at_once, 1) + 1, most = atomic_load(&shop->most_at_once);

        assert_false(pthread_equal(pthread_self(), shop->loop_thread));
        while (now > most && !atomic_compare_exchange_weak(&shop->most_at_once, &most, now))
                ;
        atomic_fetch_add(&shop->begun, 1);
        while (!atomic_load(&shop->is_open) || (errand->other && !atomic_load(&errand->other->was_worked)))
                usleep(100);
        atomic_store(&errand->was_worked, true);
        atomic_fetch_sub(&shop->at_once, 1);
}

static void done(struct thread_job *job)
{
        struct errand *errand = container_of(job, struct errand, job);

        assert_true(pthread_equal(pthread_self(), errand->shop->loop_thread));
        assert_true(atomic_load(&errand->was_worked));
        errand->shop->done++;
}

static void drop(struct thread_job *job)
{
        container_of(job, struct errand, job)->shop->dropped++;
}

static void shop_init(struct shop *shop, bool is_open)
{
        memset(shop, 0, sizeof *shop);
        shop->loop_thread = pthread_self();
        atomic_store(&shop->is_open, is_open);
}

static void errand_init(struct errand *errand, struct shop *shop)
{
        memset(errand, 0, sizeof *errand);
        errand->job = (struct thread_job){.work = work, .done = done, .drop = drop};
        errand->shop = shop;
}

static struct errand errands[JOBS];

static void submit_all(eddy_loop *loop, struct shop *shop, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                errand_init(&errands[i], shop);
                assert_int_equal(thread_pool_submit(loop, &errands[i].job), 0);
        }
}

static void more_jobs_than_threads(void)
{
        struct shop shop;

        for (int round = 0; round < 3; round++) {
                shop_init(&shop, false);
                submit_all(eddy_running_loop(), &shop, JOBS);
                until_others(atomic_load(&shop.begun) == most_threads());
                assert_int_equal(shop.done, 0);
                atomic_store(&shop.is_open, true);
                until_others(shop.done == JOBS);
                assert_int_equal(shop.dropped, 0);
                assert_int_equal(atomic_load(&shop.most_at_once), most_threads());
        }
}

/** A thread that is idle takes one job, and the next job gets a thread of its own. */
static void no_job_waits_while_threads_can_be_had(void)
{
        struct shop shop;

        for (int round = 0; round < 200; round++) {
                eddy_loop *loop = eddy_running_loop();

                shop_init(&shop, true);
                submit_all(loop, &shop, 1);
                until_others(shop.done == 1);
                eddy_sleep(eddy_us(200)); /* for the thread to become idle */
                errand_init(&errands[0], &shop);
                errand_init(&errands[1], &shop);
                errands[0].other = &errands[1];
                assert_int_equal(thread_pool_submit(loop, &errands[0].job), 0);
                assert_int_equal(thread_pool_submit(loop, &errands[1].job), 0);
                until_others(shop.done == 3);
        }
}

static void *open_shop(void *arg)
{
        struct shop *shop = arg;

        atomic_store(&shop->is_open, true);
        return NULL;
}

/** Jobs that are at work when the loop is closed end first, and those that wait are never begun or end too.
 */
static void loop_is_closed(void **state)
{
        (void)state;
        for (unsigned count = 1; count < 64; count += 7) {
                struct shop shop;
                eddy_loop *loop;
                pthread_t opener;

                shop_init(&shop, false);
                assert_int_equal(eddy_loop_create(&loop), 0);
                submit_all(loop, &shop, count);
                while (atomic_load(&shop.begun) == 0)
                        ;
                assert_int_equal(pthread_create(&opener, NULL, open_shop, &shop), 0);
                assert_int_equal(eddy_loop_close(loop), 0);
                pthread_join(opener, NULL);
                /* The loop did not run, so nobody was told but by being dropped. */
                assert_int_equal(shop.done, 0);
                assert_int_equal(shop.dropped, count);
                assert_int_equal(atomic_load(&shop.at_once), 0);
                eddy_loop_destroy(loop);
        }
}

static void no_thread_to_be_had(void)
{
        struct shop shop;
        eddy_loop *loop = eddy_running_loop();

        shop_init(&shop, true);
        errand_init(&errands[0], &shop);
        fault_arm(1, 1);
        assert_int_equal(thread_pool_submit(loop, &errands[0].job), -ENOMEM);
        fault_arm(2, 1);
        assert_int_equal(thread_pool_submit(loop, &errands[0].job), -ENOMEM);
        fault_arm(2, 1);
        assert_int_equal(thread_pool_submit(loop, &errands[0].job), -EAGAIN);
        fault_arm(0, 0);
        assert_int_equal(thread_pool_submit(loop, &errands[0].job), 0);
        until_others(shop.done == 1);
        /* With one thread there already, the job waits for that. */
        atomic_store(&shop.is_open, false);
        assert_int_equal(thread_pool_submit(loop, &errands[0].job), 0);
        until_others(atomic_load(&shop.begun) == 2);
        errand_init(&errands[1], &shop);
        fault_arm(1, 1);
        assert_int_equal(thread_pool_submit(loop, &errands[1].job), 0);
        fault_arm(0, 0);
        atomic_store(&shop.is_open, true);
        until_others(shop.done == 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(more_jobs_than_threads),
            scene_test(no_job_waits_while_threads_can_be_had),
            cmocka_unit_test(loop_is_closed),
            scene_test(no_thread_to_be_had),
        };

        return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
