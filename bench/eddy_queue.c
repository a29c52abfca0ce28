/* eddy in the rows queue_item, channel_round_trip and select_round_trip. */
#include "bench.h"
#include <eddy.h>

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

/* There and back: every number comes back with one added. */
typedef struct pair {
        eddy_queue there, back;
} pair;

static void open_pair(pair *channels)
{
        eddy_unbuffered_queue_init(&channels->there, sizeof(int64_t));
        eddy_unbuffered_queue_init(&channels->back, sizeof(int64_t));
}

static void close_pair(pair *channels)
{
        eddy_queue_finish(&channels->there);
        eddy_queue_finish(&channels->back);
}

static intptr_t answer(void *arg)
{
        pair *channels = arg;
        int64_t item;
        int rc;

        while ((rc = eddy_queue_get(&channels->there, &item)) == 0) {
                item++;
                rc = eddy_queue_put(&channels->back, &item);
                if (rc < 0)
                        break;
        }
        return rc == EDDY_ESHUTDOWN ? 0 : rc;
}

static int channel_round_trip(void)
{
        pair channels;
        int64_t item = 0;
        int rc = 0;

        open_pair(&channels);
        double start = bench_now();
        eddy_task *other = eddy_create_task(answer, &channels);
        for (int i = 0; i < ROUND_TRIPS && rc == 0; i++) {
                rc = eddy_queue_put(&channels.there, &item);
                if (rc == 0)
                        rc = eddy_queue_get(&channels.back, &item);
        }
        bench_each("channel_round_trip", bench_now() - start, ROUND_TRIPS);
        eddy_queue_shutdown(&channels.there, false);
        if (rc == 0)
                rc = eddy_join(other, NULL);
        close_pair(&channels);
        return item == ROUND_TRIPS ? rc : -1;
}

/* As answer(), but it would also listen to a channel on which nothing ever comes. */
static intptr_t answer_selectively(void *arg)
{
        pair *channels = arg;
        eddy_queue silent;
        int64_t item;
        int rc = 0;

        eddy_unbuffered_queue_init(&silent, sizeof item);
        eddy_case cases[] = {eddy_case_get(&channels->there, &item), eddy_case_get(&silent, &item)};
        while (eddy_select(cases, 2) == 0 && cases[0].rc == 0) {
                item++;
                rc = eddy_queue_put(&channels->back, &item);
                if (rc < 0)
                        break;
        }
        eddy_queue_finish(&silent);
        return rc;
}

static int select_round_trip(void)
{
        pair channels;
        eddy_queue silent;
        int64_t item = 0;
        int rc = 0;

        open_pair(&channels);
        eddy_unbuffered_queue_init(&silent, sizeof item);
        eddy_case cases[] = {eddy_case_get(&silent, &item), eddy_case_get(&channels.back, &item)};
        double start = bench_now();
        eddy_task *other = eddy_create_task(answer_selectively, &channels);
        for (int i = 0; i < ROUND_TRIPS && rc == 0; i++) {
                rc = eddy_queue_put(&channels.there, &item);
                if (rc == 0 && eddy_select(cases, 2) != 1)
                        rc = -1;
        }
        bench_each("select_round_trip", bench_now() - start, ROUND_TRIPS);
        eddy_queue_shutdown(&channels.there, false);
        if (rc == 0)
                rc = eddy_join(other, NULL);
        eddy_queue_finish(&silent);
        close_pair(&channels);
        return item == ROUND_TRIPS ? rc : -1;
}

typedef struct arguments {
        int argc;
        char **argv;
} arguments;

static intptr_t app(void *arg)
{
        arguments *in = arg;
        int rc = 0;

        if (rc == 0 && bench_wants(in->argc, in->argv, "queue_item"))
                rc = queue_item();
        if (rc == 0 && bench_wants(in->argc, in->argv, "channel_round_trip"))
                rc = channel_round_trip();
        if (rc == 0 && bench_wants(in->argc, in->argv, "select_round_trip"))
                rc = select_round_trip();
        return rc;
}

int main(int argc, char **argv)
{
        return eddy_run(app, &(arguments){argc, argv}) < 0;
}
