/* eddy in the rows queue_item, channel_round_trip and select_round_trip. */
#include "eddy_bench.h"

#define ITEMS       20000000
#define ROUND_TRIPS 5000000
#define SLOTS       128

static intptr_t produce(void *arg)
{
        int rc = 0;

        for (int64_t i = 1; i <= ITEMS && rc == 0; i++)
                rc = eddy_queue_put(arg, &i);
        return rc;
}

static int queue_item(void)
{
        eddy_queue queue;
        int64_t item, sum = 0;
        int rc = eddy_queue_init(&queue, sizeof item, SLOTS);

        if (rc < 0)
                return rc;
        double start = bench_now();
        eddy_task *producer = eddy_create_task(produce, &queue);
        for (int64_t i = 0; i < ITEMS && rc == 0; i++) {
                rc = eddy_queue_get(&queue, &item);
                sum += item;
        }
        if (rc == 0)
                rc = eddy_join(producer, NULL);
        bench_each("queue_item", bench_now() - start, ITEMS);
        eddy_queue_finish(&queue);
        return sum == (int64_t)ITEMS * (ITEMS + 1) / 2 ? rc : -1;
}

/* One of two that pass a number to and fro, and count the passes in it. */
typedef struct player {
        eddy_queue *in, *out;
        int64_t last;
} player;

static intptr_t play(void *arg)
{
        player *self = arg;
        int rc = 0;

        for (int i = 0; i < ROUND_TRIPS && rc == 0; i++) {
                rc = eddy_queue_get(self->in, &self->last);
                self->last++;
                if (rc == 0)
                        rc = eddy_queue_put(self->out, &self->last);
        }
        return rc;
}

/* As play(), but it would also listen to a channel on which nothing ever comes. */
static intptr_t play_selectively(void *arg)
{
        player *self = arg;
        eddy_queue silent;
        eddy_case cases[] = {eddy_case_get(&silent, &self->last), eddy_case_get(self->in, &self->last)};
        int rc = 0;

        eddy_unbuffered_queue_init(&silent, sizeof self->last);
        for (int i = 0; i < ROUND_TRIPS && rc == 0; i++) {
                if (eddy_select(cases, 2) != 1)
                        rc = -1;
                self->last++;
                if (rc == 0)
                        rc = eddy_queue_put(self->out, &self->last);
        }
        eddy_queue_finish(&silent);
        return rc;
}

static int round_trips(const char *row, eddy_fn side)
{
        eddy_queue there, back;
        player one = {&there, &back, 0}, other = {&back, &there, 0};

        eddy_unbuffered_queue_init(&there, sizeof(int64_t));
        eddy_unbuffered_queue_init(&back, sizeof(int64_t));
        eddy_task *tasks[] = {eddy_create_task(side, &one), eddy_create_task(side, &other)};
        double start = bench_now();
        int rc = eddy_queue_put(&there, &(int64_t){0});
        if (rc == 0)
                rc = eddy_join(tasks[0], NULL);
        if (rc == 0) /* the other's last pass */
                rc = eddy_queue_get(&there, &one.last);
        bench_each(row, bench_now() - start, ROUND_TRIPS);
        if (rc == 0)
                rc = eddy_join(tasks[1], NULL);
        eddy_queue_finish(&there);
        eddy_queue_finish(&back);
        return rc == 0 && one.last == 2 * (int64_t)ROUND_TRIPS ? 0 : -1;
}

static int channel_round_trip(void)
{
        return round_trips("channel_round_trip", play);
}

static int select_round_trip(void)
{
        return round_trips("select_round_trip", play_selectively);
}

static const bench_row rows[] = {
    {"queue_item", queue_item},
    {"channel_round_trip", channel_round_trip},
    {"select_round_trip", select_round_trip},
    {0},
};

int main(int argc, char **argv)
{
        (void)argc;
        return bench_run_rows(argv, rows);
}
