#include "scenarios.h"

/** What tasks share. */
struct shared {
        eddy_lock lock;
        eddy_condition changed;
        eddy_event event;
        eddy_semaphore places;
        eddy_barrier barrier;
        int inside; /* where one may be at a time */
        int items;
        bool is_broken; /* what must hold however it goes did not */
};

static void init(struct shared *shared)
{
        *shared = (struct shared){.lock = EDDY_LOCK_INIT, .event = EDDY_EVENT_INIT};
        eddy_condition_init(&shared->changed, &shared->lock);
        eddy_bounded_semaphore_init(&shared->places, 1);
        eddy_barrier_init(&shared->barrier, 3);
}

static intptr_t finish(struct shared *shared, intptr_t rc)
{
        /* Nobody holds anything any more, and nothing is lost. */
        if (eddy_lock_locked(&shared->lock) || eddy_semaphore_locked(&shared->places) || shared->inside ||
            eddy_barrier_n_waiting(&shared->barrier) > 0)
                shared->is_broken = true;

        eddy_barrier_finish(&shared->barrier);
        eddy_semaphore_finish(&shared->places);
        eddy_event_finish(&shared->event);
        eddy_condition_finish(&shared->changed);
        eddy_lock_finish(&shared->lock);
        return shared->is_broken ? -EBADMSG : rc;
}

static int stay_inside(struct shared *shared)
{
        int rc;

        if (++shared->inside != 1)
                shared->is_broken = true;
        rc = eddy_yield();
        shared->inside--;
        return rc;
}

static intptr_t lock_twice(void *arg)
{
        struct shared *shared = arg;
        int rc = 0, acquired = 0;

        for (int i = 0; i < 2 && rc == 0 && acquired == 0; i++)
                EDDY_LOCK_SCOPE(&shared->lock, acquired)
                        rc = stay_inside(shared);
        return acquired < 0 ? acquired : rc;
}

static intptr_t take_a_place_twice(void *arg)
{
        struct shared *shared = arg;
        int rc = 0, acquired = 0;

        for (int i = 0; i < 2 && rc == 0 && acquired == 0; i++)
                EDDY_SEMAPHORE_SCOPE(&shared->places, acquired)
                        rc = stay_inside(shared);
        return acquired < 0 ? acquired : rc;
}

/** Do something beside a companion, who is ended where it fails, and whose failure ends it. */
static intptr_t beside(struct shared *shared, eddy_fn companion, eddy_fn act)
{
        eddy_group group;
        intptr_t rc;
        int closed;

        eddy_group_open(&group);
        rc = eddy_group_start(&group, NULL, companion, shared, NULL);
        if (rc == 0)
                rc = eddy_yield();
        if (rc == 0)
                rc = act(shared);
        if (rc < 0)
                eddy_group_cancel(&group);
        closed = eddy_group_close(&group);
        return closed < 0 ? closed : rc;
}

static intptr_t locking(void *arg)
{
        struct shared shared;

        (void)arg;
        init(&shared);
        return finish(&shared, beside(&shared, lock_twice, lock_twice));
}

static intptr_t taking_places(void *arg)
{
        struct shared shared;

        (void)arg;
        init(&shared);
        return finish(&shared, beside(&shared, take_a_place_twice, take_a_place_twice));
}

static intptr_t set_event(void *arg)
{
        struct shared *shared = arg;
        int rc = eddy_yield();

        return rc < 0 ? rc : eddy_event_set(&shared->event);
}

static intptr_t wait_for_event(void *arg)
{
        struct shared *shared = arg;
        int rc = eddy_event_wait(&shared->event);

        if (rc == 0)
                eddy_event_clear(&shared->event);
        return rc;
}

static intptr_t waiting_for_an_event(void *arg)
{
        struct shared shared;

        (void)arg;
        init(&shared);
        return finish(&shared, beside(&shared, set_event, wait_for_event));
}

static bool has_items(void *arg)
{
        const struct shared *shared = arg;

        return shared->items > 0;
}

enum { ITEMS = 3 };

static intptr_t produce(void *arg)
{
        struct shared *shared = arg;
        int rc = 0;

        for (int i = 0; i < ITEMS && rc == 0; i++) {
                int acquired;

                EDDY_LOCK_SCOPE(&shared->lock, acquired) {
                        shared->items++;
                        eddy_condition_notify(&shared->changed, 1);
                        rc = stay_inside(shared);
                }
                rc = acquired < 0 ? acquired : rc;
        }
        return rc;
}

static intptr_t consume(void *arg)
{
        struct shared *shared = arg;
        int rc = 0;

        for (int i = 0; i < ITEMS && rc == 0; i++) {
                int acquired;

                EDDY_LOCK_SCOPE(&shared->lock, acquired) {
                        rc = eddy_condition_wait_for(&shared->changed, has_items, shared);
                        /* It is held again, even by who is cancelled. */
                        if (shared->inside || !eddy_lock_locked(&shared->lock))
                                shared->is_broken = true;
                        if (rc == 0)
                                shared->items--;
                }
                rc = acquired < 0 ? acquired : rc;
        }
        return rc;
}

static intptr_t consuming(void *arg)
{
        struct shared shared;

        (void)arg;
        init(&shared);
        return finish(&shared, beside(&shared, produce, consume));
}

static intptr_t producing(void *arg)
{
        struct shared shared;

        (void)arg;
        init(&shared);
        return finish(&shared, beside(&shared, consume, produce));
}

static intptr_t pass(void *arg)
{
        struct shared *shared = arg;
        int rc = eddy_barrier_wait(&shared->barrier);

        if (rc >= 0)
                rc = eddy_barrier_wait(&shared->barrier);
        return rc < 0 ? rc : 0;
}

static intptr_t pass_by_three(void *arg)
{
        return beside(arg, pass, pass);
}

static intptr_t meeting(void *arg)
{
        struct shared shared;

        (void)arg;
        init(&shared);
        return finish(&shared, beside(&shared, pass, pass_by_three));
}

static intptr_t reset_barrier(void *arg)
{
        struct shared *shared = arg;
        int rc = eddy_yield();

        return rc < 0 ? rc : eddy_barrier_reset(&shared->barrier);
}

static intptr_t meet_nobody(void *arg)
{
        intptr_t rc = pass(arg);

        return rc == EDDY_EBROKENBARRIER ? 0 : rc;
}

static intptr_t being_sent_away(void *arg)
{
        struct shared shared;

        (void)arg;
        init(&shared);
        return finish(&shared, beside(&shared, reset_barrier, meet_nobody));
}

/** Ends what somebody waits for, who is on his own from then on. */
static intptr_t finish_early(void *arg)
{
        struct shared *shared = arg;
        int rc = eddy_yield();

        eddy_event_finish(&shared->event);
        return rc;
}

static intptr_t wait_in_vain(void *arg)
{
        intptr_t rc = wait_for_event(arg);

        return rc == EDDY_EFINISHED ? 0 : rc;
}

static intptr_t waiting_for_what_ends(void *arg)
{
        struct shared shared;

        (void)arg;
        init(&shared);
        return finish(&shared, beside(&shared, finish_early, wait_in_vain));
}

const struct scenario scenarios[] = {
    {"locking", locking},
    {"taking places", taking_places},
    {"waiting for an event", waiting_for_an_event},
    {"consuming", consuming},
    {"producing", producing},
    {"meeting", meeting},
    {"being sent away", being_sent_away},
    {"waiting for what ends", waiting_for_what_ends},
    {NULL, NULL},
};
