/* What eddy's users do most, one operation a function, for instructions.py to count. */
#include "file.h"
#include "operations.h"

enum { TASKS = 2, BATCH = 1000, SLOTS = 128, MESSAGE = 64 };

/* Of the loop's timer wheel, ns: a slot of the level above the lowest, and all of that level's. */
enum { WHEEL_SLOT = 1 << 20 };
static const eddy_duration wheel_turn = INT64_C(1) << 32;

static intptr_t yield_often(void *arg)
{
        int rc = 0;

        for (long i = *(const long *)arg; i > 0 && rc == 0; i--)
                rc = eddy_yield();
        return rc;
}

static int yield(long count)
{
        long each = count / TASKS;
        eddy_group group;

        eddy_group_open(&group);
        for (int i = 0; i < TASKS; i++)
                eddy_group_create_task(&group, yield_often, &each, NULL);
        return eddy_group_close(&group);
}

static intptr_t return_at_once(void *arg)
{
        return (intptr_t)arg;
}

static int spawn_await(long count)
{
        int rc = 0;

        for (long i = 0; i < count && rc == 0; i++)
                rc = eddy_join(eddy_create_task(return_at_once, NULL), NULL);
        return rc;
}

static int spawn_batch(long count)
{
        eddy_task *tasks[BATCH];
        int rc = 0;

        for (long done = 0; done < count && rc == 0; done += BATCH) {
                for (int i = 0; i < BATCH; i++)
                        tasks[i] = eddy_create_task(return_at_once, NULL);
                for (int i = 0; i < BATCH; i++)
                        rc |= eddy_join(tasks[i], NULL);
        }
        return rc;
}

/* One of two tasks that pass numbers by way of queues. */
typedef struct player {
        eddy_queue *in, *out;
        long count;
} player;

static intptr_t produce(void *arg)
{
        player *self = arg;
        int rc = 0;

        for (long i = 0; i < self->count && rc == 0; i++)
                rc = eddy_queue_put(self->out, &i);
        return rc;
}

static int queue_item(long count)
{
        eddy_queue queue;
        player producer = {.out = &queue, .count = count};
        int rc = eddy_queue_init(&queue, sizeof(long), SLOTS);
        eddy_task *task = eddy_create_task(produce, &producer);

        for (long i = 0, item; i < count && rc == 0; i++)
                rc = eddy_queue_get(&queue, &item);
        if (rc == 0)
                rc = eddy_join(task, NULL);
        eddy_queue_finish(&queue);
        return rc;
}

static intptr_t return_what_comes(void *arg)
{
        player *self = arg;
        int rc = 0;

        for (long i = 0, item; i < self->count && rc == 0; i++) {
                rc = eddy_queue_get(self->in, &item);
                if (rc == 0)
                        rc = eddy_queue_put(self->out, &item);
        }
        return rc;
}

static int channel_round_trip(long count)
{
        eddy_queue there, back;
        player other = {.in = &there, .out = &back, .count = count};
        int rc = 0;

        eddy_unbuffered_queue_init(&there, sizeof(long));
        eddy_unbuffered_queue_init(&back, sizeof(long));
        eddy_task *task = eddy_create_task(return_what_comes, &other);
        for (long i = 0; i < count && rc == 0; i++) {
                rc = eddy_queue_put(&there, &i);
                if (rc == 0)
                        rc = eddy_queue_get(&back, &i);
        }
        if (rc == 0)
                rc = eddy_join(task, NULL);
        eddy_queue_finish(&there);
        eddy_queue_finish(&back);
        return rc;
}

static int lock_pair(long count)
{
        eddy_lock lock = EDDY_LOCK_INIT;
        int rc = 0;

        for (long i = 0; i < count && rc == 0; i++) {
                rc = eddy_lock_acquire(&lock);
                rc |= eddy_lock_release(&lock);
        }
        return rc;
}

static intptr_t count_up(eddy_generator *self, void *arg)
{
        int rc = 0;

        (void)arg;
        for (intptr_t i = 0; rc == 0; i++)
                rc = eddy_generator_yield(self, i, NULL);
        return rc;
}

static int generator_step(long count)
{
        eddy_generator *numbers = eddy_create_generator(count_up, NULL);
        intptr_t number;
        int rc = 0;

        for (long i = 0; i < count && rc == 0; i++)
                rc = eddy_generator_next(numbers, &number);
        eddy_generator_destroy(numbers);
        return rc;
}

static int context_get(long count)
{
        static eddy_context_var variable = EDDY_CONTEXT_VAR("request", 0);
        intptr_t sum = 0;
        int rc = eddy_context_set(&variable, 1, NULL);

        for (long i = 0; i < count && rc == 0; i++)
                sum += eddy_context_get(&variable);
        return sum == count ? rc : -EINVAL;
}

/* Deadlines random within a minute, as timeouts are set and hardly ever reached. */
static int timer_set_cancel(long count)
{
        eddy_timer *timers = calloc((size_t)count + 1, sizeof *timers);
        uint64_t state = 88172645463325252u;
        int rc = timers ? 0 : -ENOMEM;

        for (long i = 0; i < count && rc == 0; i++)
                rc = eddy_call_later(eddy_running_loop(), &timers[i],
                                     eddy_seconds(1) + eddy_ns((int64_t)(bench_random(&state) % 60000000000)),
                                     free, NULL);
        for (long i = 0; i < count && rc == 0; i++)
                eddy_timer_cancel(&timers[i]);
        free(timers);
        return rc;
}

static void count_down(void *arg)
{
        --*(long *)arg;
}

/* A moment in a second, at the beginning of a slot. Until it and a second after, the wheel does not begin a new turn, by
 * which a timer that is set across that moves once more. */
static int find_moment(eddy_time *moment)
{
        eddy_duration rest = wheel_turn - eddy_now() % wheel_turn;
        int rc = rest < eddy_ms(2500) ? eddy_sleep(rest) : 0;

        *moment = (eddy_now() + eddy_seconds(1)) / WHEEL_SLOT * WHEEL_SLOT + WHEEL_SLOT;
        return rc;
}

/* Deadlines random within 10 ms. The loop sees them when all have passed, so that how long it slept and how often
 * it woke makes no difference. */
static int timer_set_fire(long count)
{
        eddy_timer *timers = calloc((size_t)count + 1, sizeof *timers);
        uint64_t state = 88172645463325252u;
        long left = count;
        eddy_time start;
        int rc = timers ? find_moment(&start) : -ENOMEM;

        for (long i = 0; i < count && rc == 0; i++)
                rc = eddy_call_at(eddy_running_loop(), &timers[i],
                                  start + eddy_ns((int64_t)(bench_random(&state) % 10000000)), count_down,
                                  &left);
        nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 20000000}, NULL);
        while (left > 0 && rc == 0)
                rc = eddy_yield();
        free(timers);
        return rc;
}

static intptr_t echo(void *arg)
{
        char buffer[4096];
        ssize_t n;

        while ((n = eddy_stream_read(arg, buffer, sizeof buffer)) > 0) {
                n = eddy_stream_write_all(arg, buffer, (size_t)n);
                if (n < 0)
                        break;
        }
        return n;
}

/* A message to a server and its echo back: two streams write, and two wait and read. */
static int stream_echo(long count)
{
        eddy_stream *ends[2];
        char message[MESSAGE] = {0};
        int rc = eddy_stream_pair(ends);

        if (rc < 0)
                return rc;
        eddy_task *server = eddy_create_task(echo, ends[1]);
        for (long i = 0; i < count && rc == 0; i++) {
                ssize_t n = eddy_stream_write_all(ends[0], message, sizeof message);
                if (n >= 0)
                        n = eddy_stream_read_exactly(ends[0], message, sizeof message);
                rc = n < 0 ? (int)n : 0;
        }
        eddy_stream_close(ends[0]);
        if (rc == 0)
                rc = eddy_join(server, NULL);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
        return rc;
}

static int file_read(long count)
{
        uint64_t state = 88172645463325252u;
        char block[FILE_BLOCK];
        eddy_file *file;
        int rc = eddy_file_from_fd(&file, file_create(FILE_ON_DISK));

        if (rc < 0)
                return rc;
        for (long i = 0; i < count && rc == 0; i++)
                if (eddy_file_read_at(file, block, sizeof block, file_choose(&state)) != sizeof block)
                        rc = -EIO;
        eddy_file_close(file);
        return rc;
}

int main(int argc, char **argv)
{
        static const struct operation operations[] = {
            {"yield", yield},
            {"spawn_await", spawn_await},
            {"spawn_batch", spawn_batch},
            {"queue_item", queue_item},
            {"channel_round_trip", channel_round_trip},
            {"lock_pair", lock_pair},
            {"generator_step", generator_step},
            {"context_get", context_get},
            {"timer_set_cancel", timer_set_cancel},
            {"timer_set_fire", timer_set_fire},
            {"stream_echo", stream_echo},
            {"file_read", file_read},
            {0},
        };

        return operations_main(argc, argv, operations);
}
