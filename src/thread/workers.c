/* One coroutine in each of several loops; the calling thread's loop runs worker 0, and a supervisor beside it. */
#include "base/error.h"
#include "base/memory.h"
#include "base/sys.h"
#include "task/future.h"
#include "thread/loop_thread.h"
#include <eddy/run.h>
#include <eddy/signal.h>
#include <eddy/timeout.h>
#include <stdio.h>

enum { MOST_WORKERS = 4096 };

struct crew;

/** A worker in another thread than the supervisor's. */
struct member {
        struct crew *crew;
        int index;
        eddy_loop_thread *thread;
        eddy_remote *main;
        eddy_handle ending; /* sent to the supervisor's loop */
};

/** All workers. The supervisor's loop's alone, but for fn and arg. */
struct crew {
        eddy_fn fn;
        void *arg;
        eddy_loop *loop;
        eddy_task *supervisor;
        struct waiter waiter; /* on main */
        eddy_task *main;      /* worker 0's */
        unsigned running;     /* workers whose main coroutine has not ended */
        int error;            /* the first */
        eddy_future *turned;  /* done with the first error, or when all have ended */
        eddy_future *all_ended;
        char why[256]; /* the first error in words */
        bool is_over;  /* the members' loops are gone */
        unsigned count;
        struct member members[]; /* from worker 1 on */
};

static void set(eddy_future *future)
{
        if (!eddy_done(future))
                eddy_future_set_result(future, 0);
}

static void count_ended(struct crew *crew, int index, int error, const char *why)
{
        if (error && !crew->error) {
                crew->error = error;
                snprintf(crew->why, sizeof crew->why, "worker %d: %s", index, why);
        }
        crew->running--;
        if (crew->error || crew->running == 0)
                set(crew->turned);
        if (crew->running == 0)
                set(crew->all_ended);
}

static void member_ended(void *arg)
{
        struct member *member = arg;
        int error = eddy_remote_wait(member->main, 0, NULL);

        count_ended(member->crew, member->index, error, eddy_explain(error));
}

static void tell_supervisor(eddy_remote *remote, void *arg)
{
        struct member *member = arg;

        (void)remote;
        eddy_call_soon_threadsafe(member->crew->loop, &member->ending, member_ended, member);
}

static void own_ended(struct waiter *waiter, eddy_future *main)
{
        struct crew *crew = container_of(waiter, struct crew, waiter);
        const struct error_detail *detail = main->detail;
        int error = future_failure(main);
        bool speaks_of_it = detail && detail->rc == error;

        main->was_looked_at = true;
        count_ended(crew, 0, error, speaks_of_it ? detail->text : eddy_strerror(error));
}

static int begin_work(struct crew *crew)
{
        crew->main = eddy_create_named_task("worker", crew->fn, crew->arg);
        if (!crew->main)
                return -ENOMEM;
        crew->waiter.wake = own_ended;
        list_append(&crew->main->waiters, &crew->waiter.link);
        crew->running++;
        for (unsigned i = 0; i < crew->count - 1; i++) {
                struct member *member = &crew->members[i];
                eddy_loop *loop = eddy_loop_thread_loop(member->thread);

                member->main =
                    eddy_remote_create(loop, &(eddy_remote_options){.name = "worker"}, crew->fn, crew->arg);
                if (eddy_remote_add_done_callback(member->main, tell_supervisor, member) < 0)
                        return -ENOMEM;
                crew->running++;
        }
        return 0;
}

static void cancel_all(struct crew *crew)
{
        eddy_cancel(crew->main);
        for (unsigned i = 0; i < crew->count - 1; i++)
                eddy_remote_cancel(crew->members[i].main);
}

static void see_all_end(struct crew *crew)
{
        EDDY_SHIELD_SCOPE
                if (crew->running > 0)
                        eddy_await(crew->all_ended, NULL);
}

static intptr_t supervise(void *arg)
{
        struct crew *crew = arg;
        int rc;

        /* The loop could not run, and does so only to be tidied up. */
        if (crew->is_over)
                return EDDY_CANCELLED;
        crew->supervisor = eddy_current_task();
        crew->turned = eddy_future_create(NULL);
        crew->all_ended = eddy_future_create(NULL);
        rc = crew->turned && crew->all_ended ? begin_work(crew) : -ENOMEM;
        if (rc == 0)
                rc = eddy_await(crew->turned, NULL);
        if (rc < 0 && !crew->error)
                crew->error = rc;
        if (crew->error)
                cancel_all(crew);
        see_all_end(crew);
        eddy_unref(crew->turned);
        eddy_unref(crew->all_ended);
        eddy_unref(crew->main);
        crew->supervisor = NULL;
        return *crew->why ? eddy_fail(crew->error, "%s", crew->why) : crew->error;
}

static void on_sigterm(void *arg)
{
        struct crew *crew = arg;

        if (crew->supervisor)
                eddy_cancel_with(crew->supervisor, "asked to terminate");
}

/** Run the supervisor, which SIGTERM cancels where nobody else handles that; the runner does so for SIGINT. */
static int run_supervisor(eddy_runner *runner, struct crew *crew)
{
        struct sigaction now;
        bool handles_sigterm = gettid() == getpid() && sigaction(SIGTERM, NULL, &now) == 0 &&
                               !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL &&
                               eddy_add_signal_handler(crew->loop, SIGTERM, on_sigterm, crew) == 0;
        intptr_t rc = eddy_runner_run(runner, supervise, crew);

        if (handles_sigterm)
                eddy_remove_signal_handler(crew->loop, SIGTERM);
        return (int)rc;
}

/** The number of the nth processor that this thread may use, counted from 1, going round; 0: that is not known. */
static int nth_processor(unsigned n)
{
        cpu_set_t allowed;

        if (sys_get_affinity(&allowed) < 0)
                return 0;
        n %= (unsigned)CPU_COUNT(&allowed);
        for (int number = 0; number < CPU_SETSIZE; number++)
                if (CPU_ISSET((size_t)number, &allowed) && n-- == 0)
                        return number + 1;
        return 0;
}

static int start_members(struct crew *crew, bool pin)
{
        for (unsigned i = 0; i < crew->count - 1; i++) {
                struct member *member = &crew->members[i];
                eddy_loop_thread_options options = {.processor = pin ? nth_processor(i + 1) : 0};
                char name[32];
                int rc;

                member->crew = crew;
                member->index = (int)i + 1;
                snprintf(name, sizeof name, "worker-%d", member->index);
                options.name = name;
                rc = loop_thread_start(&member->thread, &options, member->index);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

/** End all loops but this thread's at once, then wait for each. */
static void end_members(struct crew *crew)
{
        for (unsigned i = 0; i < crew->count - 1 && crew->members[i].thread; i++)
                loop_thread_interrupt(crew->members[i].thread);
        for (unsigned i = 0; i < crew->count - 1; i++) {
                eddy_loop_thread_destroy(crew->members[i].thread);
                eddy_remote_release(crew->members[i].main);
        }
        crew->is_over = true;
}

static int run_crew(struct crew *crew, bool pin)
{
        eddy_runner runner;
        int rc = eddy_runner_init(&runner, NULL);

        if (rc < 0)
                return rc;
        crew->loop = eddy_runner_loop(&runner);
        rc = start_members(crew, pin);
        if (rc == 0 && pin)
                rc = thread_pin(nth_processor(0));
        if (rc == 0)
                rc = run_supervisor(&runner, crew);
        end_members(crew);
        eddy_runner_finish(&runner);
        return rc;
}

int eddy_workers_run(const eddy_workers_options *options, eddy_fn fn, void *arg)
{
        unsigned count = options && options->count ? options->count : (unsigned)sys_processor_count();
        bool pin = options && options->pin;
        int index_before = worker_index_here, rc;
        cpu_set_t allowed_before;
        struct crew *crew;

        if (count > MOST_WORKERS)
                return -EINVAL;
        crew = memory_zalloc(sizeof *crew + (count - 1) * sizeof crew->members[0]);
        if (!crew)
                return -ENOMEM;
        crew->fn = fn;
        crew->arg = arg;
        crew->count = count;
        pin = pin && sys_get_affinity(&allowed_before) == 0;
        worker_index_here = 0;
        rc = run_crew(crew, pin);
        worker_index_here = index_before;
        if (pin)
                sys_set_affinity(&allowed_before);
        memory_free(crew);
        return rc;
}
