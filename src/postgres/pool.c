/* Connections that are lent. */
#include "postgres/connection.h"

#include "base/memory.h"

struct eddy_postgres_pool {
        eddy_loop *loop;
        char *conninfo;
        size_t size; /* most connections */
        size_t out;  /* lent, being made for somebody, or being reset */
        size_t resetting;
        eddy_link idle;        /* the one that was used last is first: it is the warmest */
        eddy_link waiters;     /* in order of coming */
        eddy_future *all_back; /* of eddy_postgres_pool_close(); or NULL */
        size_t holders; /* its owner, each connection that is out, and each coroutine within a function */
        bool keeps_session, is_closing;
};

/** A coroutine that waits for a connection. On its stack. */
struct waiter {
        eddy_link link;
        eddy_future *served;
        eddy_postgres *pg; /* what it was given; NULL: leave to make one, or the pool closes */
        int rc;
};

enum { DEFAULT_SIZE = 10, RESET_SECONDS = 5 };

int eddy_postgres_pool_create_with(eddy_postgres_pool **pool_out, const char *conninfo,
                                   const eddy_postgres_pool_options *options)
{
        eddy_postgres_pool *pool;

        *pool_out = NULL;
        if (!eddy_running_loop())
                return EDDY_ENOLOOP;
        pool = memory_zalloc(sizeof *pool);
        if (!pool)
                return -ENOMEM;
        pool->conninfo = memory_strdup(conninfo);
        if (!pool->conninfo) {
                memory_free(pool);
                return -ENOMEM;
        }
        pool->loop = eddy_running_loop();
        pool->size = options && options->size ? options->size : DEFAULT_SIZE;
        pool->keeps_session = options && options->keeps_session;
        pool->holders = 1;
        list_init(&pool->idle);
        list_init(&pool->waiters);
        *pool_out = pool;
        return 0;
}

int eddy_postgres_pool_create(eddy_postgres_pool **pool, const char *conninfo, size_t size)
{
        *pool = NULL;
        if (size == 0)
                return -EINVAL;
        return eddy_postgres_pool_create_with(pool, conninfo, &(eddy_postgres_pool_options){.size = size});
}

static void let_go(eddy_postgres_pool *pool)
{
        if (--pool->holders > 0)
                return;
        memory_free(pool->conninfo);
        memory_free(pool);
}

static eddy_postgres *take_idle(eddy_postgres_pool *pool)
{
        eddy_link *link;

        while ((link = list_pop(&pool->idle))) {
                eddy_postgres *pg = container_of(link, eddy_postgres, link);

                if (eddy_postgres_is_open(pg))
                        return pg;
                eddy_postgres_destroy(pg);
        }
        return NULL;
}

/* Serve who waits longest; false where nobody does. One who was interrupted does not any more. */
static bool serve(eddy_postgres_pool *pool, eddy_postgres *pg, int rc)
{
        eddy_link *link;

        while ((link = list_pop(&pool->waiters))) {
                struct waiter *waiter = container_of(link, struct waiter, link);

                waiter->pg = pg;
                waiter->rc = rc;
                if (eddy_future_set_result(waiter->served, 0) == 0)
                        return true;
        }
        return false;
}

/* One that was out is back, or was not made. */
static void come_back(eddy_postgres_pool *pool, eddy_postgres *pg)
{
        if (serve(pool, pg, 0)) /* and it is out again */
                return;
        pool->out--;
        if (pg)
                list_prepend(&pool->idle, &pg->link);
        if (pool->is_closing && pool->out == 0 && pool->all_back)
                eddy_future_set_result(pool->all_back, 0);
        let_go(pool);
}

/* Wait for one's turn: 0, and `pg` is a connection, or NULL where one is to be made. */
static int queue_up(eddy_postgres_pool *pool, eddy_postgres **pg)
{
        struct waiter waiter = {.served = eddy_future_create(pool->loop)};
        int rc;

        list_append(&pool->waiters, &waiter.link);
        pool->holders++;
        rc = eddy_join(waiter.served, NULL);
        if (list_is_linked(&waiter.link))
                list_remove(&waiter.link);
        let_go(pool);
        if (rc < 0)
                return rc;
        *pg = waiter.pg;
        return waiter.rc;
}

static int take_turn(eddy_postgres_pool *pool, eddy_postgres **pg)
{
        /* One that is being reset is here sooner than a new one. */
        bool is_near = list_is_empty(&pool->idle) && pool->resetting > 0;

        if (pool->out == pool->size || is_near || !list_is_empty(&pool->waiters))
                return queue_up(pool, pg);
        pool->out++;
        pool->holders++;
        *pg = take_idle(pool);
        return 0;
}

int eddy_postgres_pool_acquire(eddy_postgres_pool *pool, eddy_postgres **pg)
{
        int rc = eddy_interrupted();

        *pg = NULL;
        if (!eddy_current_task())
                return EDDY_ENOTASK;
        if (eddy_running_loop() != pool->loop)
                return EDDY_EWRONGLOOP;
        if (rc < 0)
                return rc;
        if (pool->is_closing)
                return EDDY_ESHUTDOWN;
        rc = take_turn(pool, pg);
        if (rc < 0 || (*pg && eddy_postgres_is_open(*pg)))
                return rc;
        eddy_postgres_destroy(*pg);
        rc = eddy_postgres_connect(pg, pool->conninfo);
        if (rc < 0)
                come_back(pool, NULL);
        return rc;
}

/* Whether the next one may use it as if it were new. */
static bool is_clean(eddy_postgres *pg)
{
        return eddy_postgres_is_open(pg) && pg->mode == IDLE && PQtransactionStatus(pg->conn) == PQTRANS_IDLE;
}

/* What LISTEN has brought and nobody took. */
static void forget_notifications(eddy_postgres *pg)
{
        PGnotify *notification;

        while ((notification = PQnotifies(pg->conn)))
                PQfreemem(notification);
}

/* A borrower's session becomes a new one, while the pool goes on. */
static intptr_t reset(void *arg)
{
        eddy_postgres *pg = *(eddy_postgres **)arg;
        eddy_postgres_pool *pool = pg->pool;
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(RESET_SECONDS))
                rc = eddy_postgres_exec(pg, NULL, "DISCARD ALL");
        pool->resetting--;
        if (rc < 0 || pool->is_closing || !is_clean(pg)) {
                eddy_postgres_destroy(pg);
                pg = NULL;
        } else {
                forget_notifications(pg);
                pg->is_soiled = false;
        }
        come_back(pool, pg);
        return 0;
}

static bool begin_reset(eddy_postgres_pool *pool, eddy_postgres *pg)
{
        /* With its stack, so that it runs for sure; and not asking the loop's factory, so that it runs later. */
        eddy_task *task = eddy_task_create(
            &(eddy_task_options){.name = "reset", .loop = pool->loop, .args = &pg, .args_size = sizeof pg},
            reset, NULL);

        pg->pool = pool;
        pool->resetting += task != NULL;
        eddy_unref(task);
        return task;
}

void eddy_postgres_pool_release(eddy_postgres_pool *pool, eddy_postgres *pg)
{
        bool is_usable;

        if (!pg)
                return;
        is_usable = !pool->is_closing && is_clean(pg);
        if (is_usable && pg->is_soiled && !pool->keeps_session) {
                is_usable = begin_reset(pool, pg);
                if (is_usable)
                        return;
        }
        if (!is_usable) {
                eddy_postgres_destroy(pg);
                pg = NULL;
        }
        come_back(pool, pg);
}

int eddy_postgres_pool_query(eddy_postgres_pool *pool, PGresult **result, const char *sql,
                             const eddy_postgres_params *params)
{
        eddy_postgres *pg;
        int rc = eddy_postgres_pool_acquire(pool, &pg);

        if (result)
                *result = NULL;
        if (rc < 0)
                return rc;
        rc = eddy_postgres_query(pg, result, sql, params);
        eddy_postgres_pool_release(pool, pg);
        return rc;
}

static void close_idle(eddy_postgres_pool *pool)
{
        eddy_postgres *pg;

        while ((pg = take_idle(pool)))
                eddy_postgres_destroy(pg);
}

static void refuse_all(eddy_postgres_pool *pool)
{
        pool->is_closing = true;
        while (serve(pool, NULL, EDDY_ESHUTDOWN))
                ;
}

int eddy_postgres_pool_close(eddy_postgres_pool *pool)
{
        int rc = eddy_interrupted();

        if (!eddy_current_task())
                return EDDY_ENOTASK;
        if (eddy_running_loop() != pool->loop)
                return EDDY_EWRONGLOOP;
        if (pool->all_back)
                return EDDY_EBUSY;
        refuse_all(pool);
        close_idle(pool);
        if (rc < 0 || pool->out == 0)
                return rc;
        pool->all_back = eddy_future_create(pool->loop);
        pool->holders++;
        rc = eddy_join(pool->all_back, NULL);
        pool->all_back = NULL;
        let_go(pool);
        return rc;
}

void eddy_postgres_pool_destroy(eddy_postgres_pool *pool)
{
        if (!pool)
                return;
        refuse_all(pool);
        close_idle(pool);
        let_go(pool);
}
