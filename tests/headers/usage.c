/* The headers as users write with them, in C and, included by usage.cc, in C++: whatever compiler and level of
 * optimisation there is, without a warning. */
#include <eddy.h>

struct pair {
        int a, b;
};

static intptr_t add(void *arg)
{
        const struct pair *pair = (const struct pair *)arg;

        return pair->a + pair->b;
}

static intptr_t fail(void *arg)
{
        (void)arg;
        return -EIO;
}

static intptr_t count_two(eddy_generator *self, void *arg)
{
        int rc = eddy_generator_yield(self, *(int *)arg, NULL);

        return rc < 0 ? rc : eddy_generator_yield(self, *(int *)arg + 1, NULL);
}

/* Variables that only a scope's statement assigns, of both kinds that results have. */

static ssize_t read_in_time(void)
{
        ssize_t n;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(10))
                n = eddy_yield();
        return n;
}

static int clean_up(bool nested)
{
        int rc, also = 1;

        if (nested)
                EDDY_SHIELD_SCOPE
                        EDDY_TIMEOUT_SCOPE(0) {
                                rc = eddy_yield();
                                also = rc == EDDY_TIMEOUT ? 0 : -1;
                        }
        else
                EDDY_SHIELD_SCOPE
                        rc = eddy_yield();
        return nested ? also : rc;
}

/** Leaves scopes in every way: 0 where all are closed. */
static int leave(int how)
{
        for (int i = 0; i < 2; i++) {
                EDDY_TIMEOUT_SCOPE(0) {
                        if (how == 0)
                                break;
                        if (how == 1)
                                continue;
                        if (how == 2)
                                return eddy_yield() == EDDY_TIMEOUT ? 0 : -1;
                        if (how == 3)
                                goto out;
                }
        }
out:
        return eddy_yield();
}

static int hold(eddy_lock *lock, eddy_semaphore *semaphore)
{
        int rc;
        ssize_t n;

        EDDY_LOCK_SCOPE(lock, n)
                n = eddy_lock_locked(lock) ? 0 : -1;
        if (n < 0)
                return (int)n;
        EDDY_SEMAPHORE_SCOPE(semaphore, rc)
                rc = eddy_semaphore_value(semaphore) == 1 ? 0 : -1;
        return rc;
}

static intptr_t app(void *arg)
{
        eddy_lock lock = EDDY_LOCK_INIT;
        eddy_event event = EDDY_EVENT_INIT;
        eddy_condition condition = EDDY_CONDITION_INIT;
        eddy_semaphore semaphore;
        struct pair pair = {1, 2};
        intptr_t sum = 0;
        int first = 5;
        eddy_generator *generator = eddy_generate(count_two, &first);
        eddy_group group;
        eddy_task *task;

        (void)arg;
        (void)event;
        (void)condition;
        eddy_semaphore_init(&semaphore, 2);
        if (read_in_time() != 0 || clean_up(true) != 0 || clean_up(false) != 0 || hold(&lock, &semaphore) != 0)
                return 1;
        for (int how = 0; how < 5; how++)
                if (leave(how) != 0 || eddy_yield() != 0)
                        return 2;
        if (eddy_generator_next(generator, &sum) != 0 || sum != 5)
                return 3;
        eddy_generator_destroy(generator);
        eddy_group_open(&group);
        eddy_group_spawn(&group, add, &pair);
        eddy_group_spawn_task(&group, &task, add, &pair);
        eddy_group_create_task(&group, add, &pair, NULL);
        if (eddy_group_close(&group) != 0 || eddy_join_value(task) != 3)
                return 4;
        if (eddy_to_thread_spawn(add, &sum, &pair) != 0 || sum != 3 || eddy_to_thread(fail, NULL, NULL) != -EIO)
                return 5;
        if (eddy_join_value(eddy_spawn(add, &pair)) != 3 ||
            eddy_join_value(eddy_run_in_executor(NULL, NULL, add, &pair)) != 3)
                return 6;
#ifndef __cplusplus
        /* Commas within literals. */
        eddy_group_open(&group);
        eddy_group_create_task(&group, add, &(struct pair){1, 2}, &task);
        if (eddy_await_value(task) != 3 || eddy_group_close(&group) != 0 || eddy_join_value(task) != 3)
                return 7;
        if (eddy_join_value(eddy_create_task(add, &(struct pair){2, 2})) != 4 ||
            eddy_join_value(eddy_spawn(add, &(struct pair){3, 4})) != 7 ||
            eddy_join_value(eddy_run_in_executor(NULL, NULL, add, &(struct pair){3, 4})) != 7)
                return 8;
        if (eddy_to_thread(add, &(struct pair){3, 4}, &sum) != 0 || sum != 7 ||
            eddy_to_thread_spawn(add, &sum, &(struct pair){4, 4}) != 0 || sum != 8)
                return 9;
        generator = eddy_create_generator(count_two, (int[]){5, 6});
        if (eddy_generator_next(generator, &sum) != 0 || sum != 5)
                return 10;
        eddy_generator_destroy(generator);
#endif
        return 0;
}

int main(void)
{
        return (int)eddy_run(app, NULL);
}
