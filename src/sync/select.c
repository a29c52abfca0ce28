/* Select: one place in each line that a task waits in; who is served in one leaves the others. */
#include "sync/select.h"

#include "base/misuse.h"

/** Leave all lines but the one that the chosen case was taken from. */
static void leave_lines(struct eddy_selection *selection)
{
        for (size_t i = 0; i < selection->count; i++) {
                eddy_case *one = &selection->cases[i];

                if (one != selection->chosen && one->source->leave)
                        one->source->leave(one);
        }
}

void select_choose(eddy_case *one)
{
        struct eddy_selection *selection = one->selection;

        if (select_is_over(one))
                return;
        selection->chosen = one;
        leave_lines(selection);
        task_wake(selection->task);
}

static bool stop_waiting(struct wait *wait, struct task *task)
{
        struct eddy_selection *selection = container_of(wait, struct eddy_selection, wait);

        if (selection->chosen || wait->was_interrupted)
                return false;
        leave_lines(selection);
        task_wake(task);
        return true;
}

/** A number below n, by chance. Without a loop nobody comes back often enough to starve. */
static size_t draw_lot(size_t n)
{
        eddy_loop *loop = loop_running_here;

        return n == 1 || !loop ? 0 : loop_draw(loop, n);
}

/** One of the cases that can happen now, or NULL. */
static eddy_case *pick(struct task *self, eddy_case cases[], size_t n)
{
        eddy_case *picked = NULL, *otherwise = NULL;
        size_t ready = 0;

        for (size_t i = 0; i < n; i++) {
                enum select_readiness readiness = cases[i].source->look(self, &cases[i]);

                /* The nth takes the place of those before it with a chance of 1 in n: all have the same. */
                if (readiness == NOW && draw_lot(++ready) == 0)
                        picked = &cases[i];
                else if (readiness == IF_NO_OTHER_CAN && !otherwise)
                        otherwise = &cases[i];
        }
        return picked ? picked : otherwise;
}

/** Let others have their turn now and then, where the kernel is asked again and again and nobody waits. */
static void give_way(struct task *self, const eddy_case cases[], size_t n)
{
        for (size_t i = 0; self && i < n; i++)
                if (cases[i].source->asks_kernel) {
                        task_take_turn(self);
                        return;
                }
}

/** Whether a task may wait for all of them: 0 or an error. */
static int check_all(struct task *self, const eddy_case cases[], size_t n)
{
        int rc = 0;

        for (size_t i = 0; i < n && rc == 0; i++)
                if (cases[i].source->check)
                        rc = cases[i].source->check(self, &cases[i]);
        return rc;
}

static int wait_for_one(struct eddy_selection *selection)
{
        struct task *self = selection->task;
        int rc;

        for (size_t i = 0; i < selection->count; i++) {
                selection->cases[i].selection = selection;
                selection->cases[i].source->join(&selection->cases[i]);
        }
        rc = task_wait(self, &selection->wait);
        for (size_t i = 0; i < selection->count; i++)
                if (selection->cases[i].source->part)
                        selection->cases[i].source->part(self, &selection->cases[i]);
        return rc;
}

int eddy_select(eddy_case cases[], size_t n)
{
        struct task *self = task_current();
        struct eddy_selection selection = {
            .wait.interrupt = stop_waiting,
            .task = self,
            .cases = cases,
            .count = n,
        };
        eddy_case *one;
        int rc = task_interruption();

        if (rc < 0)
                return rc;
        one = pick(self, cases, n);
        if (one) {
                one->rc = one->source->happen(self, one);
                if (!one->source->asks_kernel)
                        give_way(self, cases, n);
                return (int)(one - cases);
        }
        if (!self)
                return misuse(EDDY_ENOTASK);
        rc = check_all(self, cases, n);
        if (rc == 0)
                rc = wait_for_one(&selection);
        if (rc < 0)
                return rc;
        one = selection.chosen;
        one->rc = one->source->collect(self, one);
        return (int)(one - cases);
}
