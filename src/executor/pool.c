#include "executor/pool.h"

#include "base/memory.h"
#include "executor/condition.h"
#include <eddy/debug.h>
#include <stdio.h>

/** Threads that do one kind of work for a loop. */
struct staff {
        struct thread_pool *pool;
        eddy_executor *executor; /* a reference; NULL until it is needed */
        bool is_own;             /* nobody else knows that executor */
        bool is_left;            /* at the loop's end, with work that goes on */
        size_t out;              /* errands */
        eddy_timer relief;       /* set while work may be waiting for a thread in vain */
};

/** A loop's errands on other threads; made with the first, and closed with the loop, whose thread alone touches it. */
struct thread_pool {
        struct loop_resource resource;
        eddy_loop *loop;
        eddy_link errands; /* submitted, and not arrived */
        struct staff staffs[POOL_KINDS];
        bool is_shut_down; /* the loop takes no more users' work */
        eddy_link drains;
};

/** How the threads of each kind are to be, but for those of users' own work, who choose them. */
static const struct pool_plan {
        const char *what; /* an errand is called */
        const char *name; /* the threads' */
        unsigned most;    /* threads that are started for what comes; 0: as for users' work */
        unsigned utmost;  /* and in all, where those have their hands full of what does not end */
} plans[] = {
    [POOL_DEFAULT] = {"call", NULL, 0, 0},
    [POOL_NAMES] = {"look-up", "eddy-names", 32, 512},
    [POOL_FILES] = {"request", "eddy-files", 0, 512},
    [POOL_OTHER] = {"call", NULL, 0, 0},
};

/** How long work may wait, with none begun meanwhile, until more threads are started for it. */
#define PATIENCE eddy_ms(50)

/** How long users' work that nobody waits for any more may still hold up the end of its loop. It can have learnt of that
 * from eddy_work_cancelled(). */
#define GRACE eddy_seconds(1)

static struct thread_pool *pool_of(const eddy_loop *loop)
{
        return loop->tenants[ROOM_THREADS].kept;
}

/** The errand is the loop's again. */
static void take(struct thread_pool *pool, struct errand *errand)
{
        struct staff *staff = errand->kind == POOL_OTHER ? NULL : &pool->staffs[errand->kind];
        eddy_link *link;

        list_remove(&errand->link);
        executor_unref(errand->executor);
        if (!staff || --staff->out > 0 || errand->kind != POOL_DEFAULT)
                return;
        while ((link = list_pop(&pool->drains))) {
                struct drain *drain = container_of(link, struct drain, link);

                drain->drained(drain);
        }
}

static void arrive(void *arg)
{
        struct errand *errand = arg;

        take(pool_of(errand->loop), errand);
        if (errand->was_refused)
                errand->refuse(errand);
        else
                errand->done(errand);
}

static void run_errand(struct work *work)
{
        struct errand *errand = container_of(work, struct errand, work);

        errand->run(errand);
}

/** From any thread: it has run or never will. */
static void send_home(struct work *work, bool has_run)
{
        struct errand *errand = container_of(work, struct errand, work);
        enum errand_state state = ERRAND_IS_OUT;

        errand->was_refused = !has_run;
        if (!atomic_compare_exchange_strong(&errand->state, &state, ERRAND_ARRIVES)) {
                errand->end_late(errand);
                return;
        }
        /* Cannot be refused: the loop does not close before its errands have arrived or were left. */
        eddy_call_soon_threadsafe(errand->loop, &errand->arrival, arrive, errand);
}

static void note_arrivals_in(eddy_link *queue)
{
        for (eddy_link *link = queue->next; link != queue; link = link->next) {
                eddy_handle *handle = container_of(link, eddy_handle, link);

                if (handle->callback == arrive)
                        ((struct errand *)handle->arg)->has_arrived = true;
        }
}

/** See which errands have been sent to a loop that closes, and runs no callbacks any more. Not by looking at the errands:
 * they are their threads' until the inbox has been drained. */
static void note_arrivals(eddy_loop *loop)
{
        inbox_drain(&loop->inbox, loop->ready);
        note_arrivals_in(loop->running);
        note_arrivals_in(loop->ready);
}

static bool errand_has_arrived(void *arg)
{
        struct errand *errand = arg;

        note_arrivals(errand->loop);
        return errand->has_arrived;
}

static bool users_work_is_here(struct thread_pool *pool, bool with_forgotten)
{
        note_arrivals(pool->loop);
        for (eddy_link *link = pool->errands.next; link != &pool->errands; link = link->next) {
                struct errand *errand = container_of(link, struct errand, link);

                if (errand->kind == POOL_DEFAULT && !errand->has_arrived &&
                    (with_forgotten || !errand->is_forgotten))
                        return false;
        }
        return true;
}

static bool all_have_arrived(void *pool)
{
        return users_work_is_here(pool, true);
}

static bool awaited_have_arrived(void *pool)
{
        return users_work_is_here(pool, false);
}

void thread_pool_report(eddy_loop *loop, const char *fate)
{
        struct thread_pool *pool = pool_of(loop);

        for (eddy_link *link = pool->errands.next; link != &pool->errands; link = link->next) {
                struct errand *errand = container_of(link, struct errand, link);
                char message[256];
                eddy_exception exception = {.message = message, .error = EDDY_TIMEOUT, .detail = ""};

                if (errand->kind != POOL_DEFAULT || errand->is_forgotten ||
                    atomic_load(&errand->state) == ERRAND_ARRIVES)
                        continue;
                snprintf(message, sizeof message, "call '%s' still runs on its thread%s",
                         errand->name ? errand->name : "?", errand->leave ? fate : "");
                eddy_loop_call_exception_handler(loop, &exception);
        }
}

/** Leave an errand to its thread, whose it is then. False: it has come back meanwhile. */
static bool leave(struct thread_pool *pool, struct errand *errand)
{
        enum errand_state out = ERRAND_IS_OUT;
        enum pool_kind kind = errand->kind;

        if (pool->loop->debug && errand->is_forgotten && kind != POOL_OTHER)
                eddy_log(EDDY_LOG_WARNING,
                         "%s '%s', which nobody waits for any more, still runs on its thread, and is left "
                         "to it: its loop closes",
                         plans[kind].what, errand->name ? errand->name : "?");
        errand->leave(errand);
        /* Left, it may be gone at once. */
        if (!atomic_compare_exchange_strong(&errand->state, &out, ERRAND_IS_LEFT))
                return false;
        if (kind != POOL_OTHER)
                pool->staffs[kind].is_left = true;
        return true;
}

/** See to the end of an errand whose loop closes: drop it, or leave it to its thread if that may be. */
static void finish_errand(struct thread_pool *pool, struct errand *errand)
{
        eddy_executor *executor = executor_ref(errand->executor);
        bool may_leave = !errand_has_arrived(errand) && errand->leave;

        take(pool, errand);
        if (!may_leave || !leave(pool, errand)) {
                executor_wait(executor, errand_has_arrived, errand, EDDY_FOREVER);
                eddy_handle_cancel(&errand->arrival);
                errand->drop(errand);
        }
        executor_unref(executor);
}

void thread_pool_close_errand(struct errand *errand)
{
        /* A forked child has no thread that could begin it, or have done so. */
        if (loop_is_inherited(errand->loop))
                list_remove(&errand->link);
        else if (!thread_pool_take_back(errand)) {
                finish_errand(pool_of(errand->loop), errand);
                return;
        }
        errand->drop(errand);
}

static void drop_waiting(struct thread_pool *pool)
{
        eddy_link *link = pool->errands.next;

        while (link != &pool->errands) {
                struct errand *errand = container_of(link, struct errand, link);

                link = link->next;
                if (thread_pool_take_back(errand))
                        errand->drop(errand);
        }
}

static void release(struct staff *staff, eddy_time deadline)
{
        if (!staff->executor)
                return;
        if (staff->is_own) {
                eddy_executor_shutdown(staff->executor, 0);
                executor_wait_for_threads(staff->executor, deadline);
        }
        executor_unref(staff->executor);
        staff->executor = NULL;
}

void thread_pool_release_default(eddy_loop *loop, eddy_time deadline)
{
        release(&pool_of(loop)->staffs[POOL_DEFAULT], deadline);
}

/** See to the end of users' work: all have some time, and what somebody waited for has more. */
static void wait_for_users_work(struct thread_pool *pool, eddy_time deadline)
{
        struct staff *users = &pool->staffs[POOL_DEFAULT];
        eddy_time soon = eddy_time_add(eddy_now(), GRACE);

        if (users->out == 0)
                return;
        executor_wait(users->executor, all_have_arrived, pool, soon < deadline ? soon : deadline);
        if (!executor_wait(users->executor, awaited_have_arrived, pool, deadline))
                thread_pool_report(pool->loop, ", and is left to it: its loop closes");
}

static void close_errands(struct thread_pool *pool, eddy_time deadline)
{
        for (eddy_link *link = pool->errands.next; link != &pool->errands; link = link->next) {
                struct errand *errand = container_of(link, struct errand, link);

                errand->is_forgotten = atomic_load(&errand->work.is_cancelled);
        }
        drop_waiting(pool);
        wait_for_users_work(pool, deadline);
        while (!list_is_empty(&pool->errands))
                finish_errand(pool, container_of(pool->errands.next, struct errand, link));
}

static void close_pool(struct loop_resource *resource)
{
        struct thread_pool *pool = container_of(resource, struct thread_pool, resource);
        eddy_time deadline = eddy_time_add(eddy_now(), pool->loop->executor_timeout);

        /* A forked child has none of its parent's threads, nor their work. */
        if (!loop_is_inherited(pool->loop))
                close_errands(pool, deadline);
        for (int kind = 0; kind < POOL_KINDS; kind++) {
                struct staff *staff = &pool->staffs[kind];

                eddy_timer_cancel(&staff->relief);
                if (!loop_is_inherited(pool->loop))
                        release(staff, staff->is_left ? eddy_now() : deadline);
                else if (staff->is_own)
                        eddy_executor_destroy(staff->executor);
        }
        pool->loop->tenants[ROOM_THREADS].kept = NULL;
        memory_free(pool);
}

/** It closes before callbacks are dropped, as a resource does, and empties its room by itself. */
static const struct loop_tenant_impl pool_impl = {.close = NULL};

static struct thread_pool *get_pool(eddy_loop *loop)
{
        struct thread_pool *pool = pool_of(loop);

        if (pool)
                return pool;
        pool = memory_zalloc(sizeof *pool);
        if (!pool)
                return NULL;
        pool->loop = loop;
        pool->resource.close = close_pool;
        list_init(&pool->errands);
        list_init(&pool->drains);
        for (int kind = 0; kind < POOL_KINDS; kind++)
                pool->staffs[kind].pool = pool;
        loop_add_resource(loop, &pool->resource);
        loop_move_in(loop, ROOM_THREADS, &pool_impl, pool);
        return pool;
}

static void set_relief(struct staff *staff);

/** Some work has waited for a while, maybe behind what never ends. */
static void relieve(void *arg)
{
        struct staff *staff = arg;

        if (executor_relieve(staff->executor))
                set_relief(staff);
}

static void set_relief(struct staff *staff)
{
        eddy_call_later(staff->pool->loop, &staff->relief, PATIENCE, relieve, staff);
}

/** Find a kind's executor, which is made when it is first needed. */
static int find_executor(struct thread_pool *pool, enum pool_kind kind, eddy_executor **executor)
{
        const struct pool_plan *plan = &plans[kind];
        struct staff *staff = &pool->staffs[kind];
        int rc = 0;

        if (kind == POOL_DEFAULT && pool->is_shut_down)
                return EDDY_ESHUTDOWN;
        if (!staff->executor) {
                eddy_executor_options options = {.name = plan->name, .max_threads = plan->most};

                rc = executor_create(&staff->executor, &options, plan->utmost);
                staff->is_own = true;
        }
        *executor = staff->executor;
        return rc;
}

static int submit(struct thread_pool *pool, enum pool_kind kind, eddy_executor *executor, struct errand *errand)
{
        struct staff *staff = kind == POOL_OTHER ? NULL : &pool->staffs[kind];
        int rc;

        errand->work.run = run_errand;
        errand->work.over = send_home;
        errand->work.may_be_refused = errand->refuse != NULL;
        errand->loop = pool->loop;
        errand->executor = executor_ref(executor);
        errand->arrival.link.next = NULL;
        errand->kind = kind;
        errand->was_refused = errand->has_arrived = errand->is_forgotten = false;
        atomic_store(&errand->state, ERRAND_IS_OUT);
        list_append(&pool->errands, &errand->link);
        if (staff)
                staff->out++;
        rc = executor_submit(executor, &errand->work);
        if (rc < 0)
                take(pool, errand);
        if (rc == EXECUTOR_IS_BUSY && plans[kind].utmost && !list_is_linked(&staff->relief.handle.link))
                set_relief(staff);
        return rc < 0 ? rc : 0;
}

int thread_pool_submit_to(eddy_loop *loop, eddy_executor *executor, struct errand *errand)
{
        struct thread_pool *pool = get_pool(loop);

        return pool ? submit(pool, POOL_OTHER, executor, errand) : -ENOMEM;
}

int thread_pool_submit(eddy_loop *loop, enum pool_kind kind, struct errand *errand)
{
        struct thread_pool *pool = get_pool(loop);
        eddy_executor *executor;
        int rc;

        if (!pool)
                return -ENOMEM;
        rc = find_executor(pool, kind, &executor);
        return rc < 0 ? rc : submit(pool, kind, executor, errand);
}

bool thread_pool_take_back(struct errand *errand)
{
        if (!executor_take_back(errand->executor, &errand->work))
                return false;
        take(pool_of(errand->loop), errand);
        return true;
}

int thread_pool_shut_down(eddy_loop *loop)
{
        struct thread_pool *pool = get_pool(loop);

        if (!pool)
                return -ENOMEM;
        pool->is_shut_down = true;
        return 0;
}

bool thread_pool_await_drain(eddy_loop *loop, struct drain *drain)
{
        if (pool_of(loop)->staffs[POOL_DEFAULT].out == 0)
                return false;
        list_append(&pool_of(loop)->drains, &drain->link);
        return true;
}

int eddy_set_default_executor(eddy_loop *loop, eddy_executor *executor)
{
        struct thread_pool *pool;
        struct staff *staff;
        int rc = loop_check(loop = loop_meant(loop));

        if (rc < 0)
                return rc;
        pool = get_pool(loop);
        if (!pool)
                return -ENOMEM;
        staff = &pool->staffs[POOL_DEFAULT];
        if (pool->is_shut_down)
                return EDDY_ESHUTDOWN;
        if (staff->out > 0)
                return EDDY_EBUSY;
        release(staff, EDDY_FOREVER);
        staff->executor = executor ? executor_ref(executor) : NULL;
        staff->is_own = false;
        return 0;
}
