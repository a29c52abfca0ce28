#include "base/misuse.h"
#include "sync/waitlist.h"

enum phase {
        FILLING,
        DRAINING,  /* a complete party leaves */
        RESETTING, /* a party that was sent away leaves */
        BROKEN,
};

/** A task at a barrier: maybe outside at first, then inside, then leaving. */
struct visit {
        struct waitlist_entry entry; /* its outcome is the task's index */
        eddy_barrier *barrier;
        bool is_inside;
        bool is_leaving; /* its outcome is settled; it is inside until the task runs */
};

static struct visit *visit_of(eddy_link *link)
{
        return container_of(link, struct visit, entry.link);
}

int eddy_barrier_init(eddy_barrier *barrier, int parties)
{
        bool is_possible = parties >= 1;

        *barrier = (eddy_barrier){.outside.is_finished = !is_possible, .parties = parties, .phase = FILLING};
        list_init(&barrier->inside);
        return is_possible ? 0 : -EINVAL;
}

/** End the visits of all inside, who shall not come back to the barrier on their way out. */
static void turn_out(eddy_barrier *barrier)
{
        eddy_link *link;

        while ((link = list_pop(&barrier->inside)))
                if (!visit_of(link)->is_leaving)
                        waitlist_wake(&visit_of(link)->entry, EDDY_EFINISHED);
}

void eddy_barrier_finish(eddy_barrier *barrier)
{
        if (barrier->outside.loop == loop_running_here)
                turn_out(barrier);
        else if (!list_is_empty(&barrier->inside))
                misuse(EDDY_EWRONGLOOP); /* as in waitlist_finish() */
        list_init(&barrier->inside);
        barrier->count = 0;
        waitlist_finish(&barrier->outside);
}

/** Settle the visits of all inside: with their indices, or with an error. */
static void let_go(eddy_barrier *barrier, int error)
{
        int index = 0;

        for (eddy_link *link = barrier->inside.next; link != &barrier->inside; link = link->next) {
                struct visit *visit = visit_of(link);

                visit->is_leaving = true;
                waitlist_wake(&visit->entry, error < 0 ? error : index++);
        }
}

static void barrier_enter(struct visit *visit)
{
        eddy_barrier *barrier = visit->barrier;

        visit->is_inside = true;
        list_append(&barrier->inside, &visit->entry.link);
        if (++barrier->count == barrier->parties) {
                barrier->phase = DRAINING;
                let_go(barrier, 0);
        }
}

static void barrier_leave(struct visit *visit)
{
        eddy_barrier *barrier = visit->barrier;
        struct waitlist_entry *next;

        list_remove(&visit->entry.link);
        barrier->count--;
        if (barrier->count > 0 || barrier->phase == BROKEN)
                return;
        barrier->phase = FILLING;
        while (barrier->phase == FILLING && (next = waitlist_take(&barrier->outside)))
                barrier_enter(container_of(next, struct visit, entry));
}

static bool barrier_interrupt(struct wait *wait, struct task *task)
{
        struct visit *visit = container_of(wait, struct visit, entry.wait);

        if (visit->is_leaving || !list_is_linked(&visit->entry.link))
                return wait->was_interrupted;
        list_remove(&visit->entry.link);
        if (visit->is_inside)
                visit->barrier->count--;
        task_wake(task);
        return true;
}

int eddy_barrier_wait(eddy_barrier *barrier)
{
        struct visit visit = {.barrier = barrier};
        struct task *self;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        rc = waitlist_check(&barrier->outside);
        if (rc < 0)
                return rc;
        if (barrier->phase == BROKEN)
                return EDDY_EBROKENBARRIER;
        visit.entry = waitlist_entry(self, barrier_interrupt);
        if (barrier->phase == FILLING)
                barrier_enter(&visit);
        else
                list_append(&barrier->outside.entries, &visit.entry.link);
        /* Who completes the party is awake by now, and does not suspend. */
        rc = task_wait(self, &visit.entry.wait);
        if (list_is_linked(&visit.entry.link))
                barrier_leave(&visit);
        return rc < 0 ? rc : visit.entry.outcome;
}

int eddy_barrier_reset(eddy_barrier *barrier)
{
        int rc = waitlist_check(&barrier->outside);

        if (rc < 0)
                return rc;
        if (barrier->phase == FILLING)
                let_go(barrier, EDDY_EBROKENBARRIER);
        barrier->phase = barrier->count > 0 ? RESETTING : FILLING;
        return 0;
}

int eddy_barrier_abort(eddy_barrier *barrier)
{
        int rc = waitlist_check(&barrier->outside);

        if (rc < 0)
                return rc;
        if (barrier->phase == FILLING)
                let_go(barrier, EDDY_EBROKENBARRIER);
        barrier->phase = BROKEN;
        waitlist_wake_all(&barrier->outside, EDDY_EBROKENBARRIER);
        return 0;
}

int eddy_barrier_parties(const eddy_barrier *barrier)
{
        return barrier->parties;
}

int eddy_barrier_n_waiting(const eddy_barrier *barrier)
{
        return barrier->phase == FILLING ? barrier->count : 0;
}

bool eddy_barrier_broken(const eddy_barrier *barrier)
{
        return barrier->phase == BROKEN;
}

const char *eddy_barrier_phase(const eddy_barrier *barrier)
{
        static const char *const names[] = {
            [FILLING] = "filling",
            [DRAINING] = "draining",
            [RESETTING] = "resetting",
            [BROKEN] = "broken",
        };

        return names[barrier->phase];
}
