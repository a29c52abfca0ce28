#include "stream/race.h"

#include "base/memory.h"
#include "base/sys.h"
#include "net/address.h"
#include "stream/resolve.h"

/** What an address has over the next one, as RFC 8305 recommends. */
static const eddy_duration default_head_start = 250000000;

struct race;

/** One address. */
struct attempt {
        struct race *race;
        eddy_address address;
        eddy_op op; /* pending while it runs */
        int fd;     /* -1: not begun, or over */
};

/** All of them, in the order in which they begin. On the stack of the task that connects. */
struct race {
        struct wait wait;
        struct task *task;
        bool is_waiting; /* the task waits for news of this race, and for nothing else */
        struct attempt *attempts;
        size_t count, begun, running;
        struct attempt *winner, *last_loser;
        int error;   /* the last loser's */
        bool is_due; /* the next one may begin */
        eddy_timer head_start;
};

static void tell(struct race *race)
{
        if (race->is_waiting)
                task_wake(race->task);
}

static void close_attempt(struct attempt *attempt)
{
        loop_close_descriptor(attempt->race->task->future.loop, attempt->fd);
        attempt->fd = -1;
}

/** An attempt is over. */
static void finish_attempt(struct attempt *attempt, ssize_t outcome)
{
        struct race *race = attempt->race;

        if (outcome == 0 && !race->winner) {
                race->winner = attempt;
                return;
        }
        if (attempt->fd >= 0)
                close_attempt(attempt);
        if (outcome == 0 || outcome == EDDY_CANCELLED)
                return;
        race->last_loser = attempt;
        race->error = (int)outcome;
        race->is_due = true;
}

static void connected(void *arg)
{
        struct attempt *attempt = arg;

        attempt->race->running--;
        finish_attempt(attempt, attempt->op.result);
        tell(attempt->race);
}

static void end_head_start(void *arg)
{
        struct race *race = arg;

        race->is_due = true;
        tell(race);
}

/** Begin to connect: 0, EDDY_PENDING, or an error. Suspends where the local host is a name. */
static ssize_t begin_attempt(struct attempt *attempt, const eddy_connect_options *options)
{
        struct task *self = attempt->race->task;
        int family = attempt->address.any.sa_family, rc;

        attempt->fd = sys_socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (attempt->fd < 0)
                return attempt->fd;
        rc = address_bind(self, attempt->fd, family, options->local_host, options->local_port);
        if (rc < 0)
                return rc;
        eddy_op_init(&attempt->op, self->future.loop, connected, attempt);
        return eddy_op_connect(&attempt->op, attempt->fd, &attempt->address.any, attempt->address.size);
}

static void begin_next(struct race *race, const eddy_connect_options *options)
{
        struct attempt *attempt = &race->attempts[race->begun++];
        eddy_duration delay = options->happy_eyeballs_delay;
        ssize_t rc;

        race->is_due = false;
        eddy_timer_cancel(&race->head_start);
        rc = begin_attempt(attempt, options);
        if (rc == EDDY_PENDING) {
                race->running++;
                if (race->begun < race->count && delay != EDDY_FOREVER)
                        eddy_call_later(race->task->future.loop, &race->head_start,
                                        delay ? delay : default_head_start, end_head_start, race);
        } else {
                finish_attempt(attempt, rc);
        }
}

static void cancel_all(struct race *race)
{
        for (size_t i = 0; i < race->begun; i++)
                if (&race->attempts[i] != race->winner)
                        eddy_op_cancel(&race->attempts[i].op);
}

static bool interrupt_race(struct wait *wait, struct task *task)
{
        (void)task;
        cancel_all(container_of(wait, struct race, wait));
        return true;
}

/** Wait until something has happened; attempts run, so that something will. */
static void wait_for_news(struct race *race)
{
        race->is_waiting = true;
        task_wait(race->task, &race->wait);
        race->is_waiting = false;
}

static void run_race(struct race *race, const eddy_connect_options *options)
{
        while (!race->winner) {
                bool has_next = race->begun < race->count && !race->task->interruption;

                if (has_next && (race->is_due || race->running == 0))
                        begin_next(race, options);
                else if (race->running > 0)
                        wait_for_news(race);
                else
                        break;
        }
        eddy_timer_cancel(&race->head_start);
        cancel_all(race);
        /* Until then their addresses are the kernel's to look at. */
        while (race->running > 0)
                wait_for_news(race);
}

static size_t count_addresses(const struct addrinfo *found)
{
        size_t count = 0;

        for (; found; found = found->ai_next)
                count++;
        return count;
}

/** The next address of a family, or of any but that one. */
static const struct addrinfo *next_of(const struct addrinfo *one, int family, bool is_of)
{
        while (one && (one->ai_family == family) != is_of)
                one = one->ai_next;
        return one;
}

/** One of the first address's family, one of another, and so on: where one family leads nowhere, the other is not
 * kept waiting by all of its addresses. */
static void line_up(struct race *race, const struct addrinfo *found)
{
        int family = found->ai_family;
        const struct addrinfo *next[] = {next_of(found, family, true), next_of(found, family, false)};
        size_t turn = 0;

        for (size_t i = 0; i < race->count; i++) {
                if (!next[turn])
                        turn = 1 - turn;
                race->attempts[i].race = race;
                race->attempts[i].address = address_from_info(next[turn]);
                race->attempts[i].fd = -1;
                next[turn] = next_of(next[turn]->ai_next, family, turn == 0);
                turn = 1 - turn;
        }
}

int race_connect(struct task *self, const char *host, const struct addrinfo *found,
                 const eddy_connect_options *options, int *family)
{
        struct race race = {.wait.interrupt = interrupt_race,
                            .task = self,
                            .count = count_addresses(found),
                            .error = EDDY_CANCELLED};
        char text[EDDY_ADDRESS_TEXT_SIZE];
        int rc;

        race.attempts = memory_zalloc(race.count * sizeof *race.attempts);
        if (!race.attempts)
                return -ENOMEM;
        line_up(&race, found);
        run_race(&race, options);
        if (race.winner) {
                *family = race.winner->address.any.sa_family;
                rc = race.winner->fd;
        } else if (self->interruption) {
                rc = self->interruption;
        } else if (!race.last_loser) {
                rc = race.error;
        } else {
                rc = eddy_fail(race.error, "cannot connect to %s (%s): %s", host ? host : "this machine",
                               eddy_address_print(&race.last_loser->address, text), eddy_strerror(race.error));
        }
        memory_free(race.attempts);
        return rc;
}
