/* What queues promise, in every order in which a few putters, getters, selects and cancellations can come: an item
 * whose put succeeded is got once or still there, one whose put failed is nowhere, and who came first is served
 * first. */
#include "testing.h"

enum {
        MOST_TASKS = 8,
        LENGTH = 6, /* actions in a sequence */
        MOST_ITEMS = 32,
};

/** A task that puts or gets one item, perhaps by a select. */
struct client {
        eddy_queue *queue, *silent;
        eddy_task *task;
        int item;
        int rc; /* EDDY_PENDING: not yet */
        bool puts, selects;
};

/** One sequence of actions on one queue. */
struct play {
        eddy_queue queue, silent; /* nothing ever comes to the silent one */
        struct client clients[MOST_TASKS];
        int count;
        int put_last; /* the last number that was used */
        bool is_put[MOST_ITEMS];
        int times_got[MOST_ITEMS];
};

static int compare_ints(const void *a, const void *b)
{
        return *(const int *)a - *(const int *)b;
}

static intptr_t be_client(void *arg)
{
        struct client *client = arg;
        int item = client->item, never;
        eddy_case cases[] = {
            eddy_case_get(client->silent, &never),
            client->puts ? eddy_case_put(client->queue, &item) : eddy_case_get(client->queue, &item),
            client->puts ? eddy_case_put(client->queue, &item) : eddy_case_get(client->queue, &item),
        };
        int rc;

        if (client->selects) {
                rc = eddy_select(cases, 3);
                assert_int_not_equal(rc, 0);
                client->rc = rc > 0 ? cases[rc].rc : rc;
        } else {
                client->rc =
                    client->puts ? eddy_queue_put(client->queue, &item) : eddy_queue_get(client->queue, &item);
        }
        client->item = item;
        return 0;
}

static void add_client(struct play *play, bool puts, bool selects)
{
        struct client *client = &play->clients[play->count++];

        *client = (struct client){.queue = &play->queue,
                                  .silent = &play->silent,
                                  .rc = EDDY_PENDING,
                                  .puts = puts,
                                  .selects = selects,
                                  .item = puts ? ++play->put_last : 0};
        client->task = eddy_task_create(&(eddy_task_options){.eager = true}, be_client, client);
}

/** Cancel the first client of a kind that has not ended. */
static void cancel_client(struct play *play, bool puts)
{
        for (int i = 0; i < play->count; i++) {
                if (play->clients[i].puts != puts || eddy_done(play->clients[i].task) ||
                    eddy_cancelling(play->clients[i].task))
                        continue;
                eddy_cancel(play->clients[i].task);
                return;
        }
}

static void put_now(struct play *play)
{
        int item = ++play->put_last;

        if (eddy_queue_put_nowait(&play->queue, &item) == 0)
                play->is_put[item] = true;
}

static void get_now(struct play *play)
{
        int item;

        if (eddy_queue_get_nowait(&play->queue, &item) == 0)
                play->times_got[item]++;
}

enum action {
        GET,
        PUT,
        SELECT_GET,
        SELECT_PUT,
        CANCEL_GETTER,
        CANCEL_PUTTER,
        GET_NOW,
        PUT_NOW,
        SHUT_DOWN,
        YIELD,
        ACTIONS,
};

static void act(struct play *play, enum action action)
{
        switch (action) {
        case GET:
        case SELECT_GET:
                add_client(play, false, action == SELECT_GET);
                break;
        case PUT:
        case SELECT_PUT:
                add_client(play, true, action == SELECT_PUT);
                break;
        case CANCEL_GETTER:
        case CANCEL_PUTTER:
                cancel_client(play, action == CANCEL_PUTTER);
                break;
        case GET_NOW:
                get_now(play);
                break;
        case PUT_NOW:
                put_now(play);
                break;
        case SHUT_DOWN:
                eddy_queue_shutdown(&play->queue, false);
                break;
        case YIELD:
        case ACTIONS:
                eddy_yield();
                break;
        }
}

/** Let all end who can, by themselves or by cancellation, and take what is left. */
static void end(struct play *play)
{
        for (int i = 0; i < play->count; i++) {
                eddy_cancel(play->clients[i].task);
                eddy_join(play->clients[i].task, NULL);
        }
        for (int i = 0; i < play->count; i++) {
                const struct client *client = &play->clients[i];

                assert_true(client->rc == 0 || client->rc == EDDY_CANCELLED || client->rc == EDDY_ESHUTDOWN);
                if (client->rc == 0 && client->puts)
                        play->is_put[client->item] = true;
                else if (client->rc == 0)
                        play->times_got[client->item]++;
        }
        while (!eddy_queue_empty(&play->queue))
                get_now(play);
}

/** Of getters, and of putters, whoever came later was not served alone; only cancellation lets others pass. */
static void check_turns(const struct play *play, bool puts)
{
        bool one_waits = false;

        for (int i = 0; i < play->count; i++) {
                const struct client *client = &play->clients[i];

                if (client->puts != puts || eddy_cancelling(client->task))
                        continue;
                if (client->rc == EDDY_PENDING && !eddy_done(client->task))
                        one_waits = true;
                else
                        assert_false(one_waits);
        }
}

static void init_queue(eddy_queue *queue, int kind)
{
        switch (kind) {
        case 0:
                eddy_unbuffered_queue_init(queue, sizeof(int));
                break;
        case 1:
                eddy_queue_init(queue, sizeof(int), 1);
                break;
        case 2:
                eddy_queue_init(queue, sizeof(int), 2);
                break;
        case 3:
                eddy_lifo_queue_init(queue, sizeof(int), 1);
                break;
        case 4:
                eddy_priority_queue_init(queue, sizeof(int), 2, compare_ints);
                break;
        default:
                eddy_lifo_queue_init(queue, sizeof(int), 0);
                break;
        }
}

enum { KINDS = 6 };

static void perform(int kind, unsigned sequence)
{
        struct play play = {.count = 0};

        init_queue(&play.queue, kind);
        eddy_unbuffered_queue_init(&play.silent, sizeof(int));
        for (int i = 0; i < LENGTH; i++) {
                act(&play, (enum action)(sequence % ACTIONS));
                sequence /= ACTIONS;
        }
        eddy_yield();
        check_turns(&play, false);
        check_turns(&play, true);
        end(&play);
        for (int item = 1; item <= play.put_last; item++)
                assert_int_equal(play.times_got[item], play.is_put[item]);
        assert_true(eddy_queue_empty(&play.silent) && eddy_queue_full(&play.silent));
        eddy_queue_finish(&play.queue);
        eddy_queue_finish(&play.silent);
}

COROUTINE_TEST(loses_and_doubles_nothing_in_any_order)
{
        /* Coprime to the number of actions, so that all of them come in all places. */
        unsigned sequences = 1, step = scaled(100) == 100 ? 1 : 97;

        for (int i = 0; i < LENGTH; i++)
                sequences *= ACTIONS;
        for (int kind = 0; kind < KINDS; kind++)
                for (unsigned sequence = 0; sequence < sequences; sequence += step)
                        perform(kind, sequence);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(loses_and_doubles_nothing_in_any_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
