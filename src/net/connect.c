#include "net/connect.h"

#include "base/memory.h"
#include "base/sys.h"
#include "net/address.h"

/** What an address has over the next one, as RFC 8305 recommends. */
#define DEFAULT_HEAD_START eddy_ms(250)

/** How long a UNIX server whose backlog is full is left alone: nobody will tell of room in it. */
#define BACKLOG_REST eddy_ms(1)

/** One address. */
struct attempt {
        struct connector *connector;
        eddy_address address;
        eddy_op op; /* pending while it runs */
        int fd;     /* -1: not begun, or over */
};

/** Go on as far as that is possible now: the outcome, and then nothing is left on its way, or EDDY_PENDING. */
static int go_on(struct connector *connector);

/** Something has happened. */
static void step(struct connector *connector)
{
        int outcome = go_on(connector);

        if (outcome != EDDY_PENDING)
                connector->done(connector, outcome);
}

static void take_turn(void *arg)
{
        step(arg);
}

static void end_head_start(void *arg)
{
        struct connector *connector = arg;

        connector->is_due = true;
        step(connector);
}

static void close_attempt(struct attempt *attempt)
{
        loop_close_descriptor(attempt->connector->loop, attempt->fd);
        attempt->fd = -1;
}

/* The race. */

/** An attempt is over. */
static void finish_attempt(struct attempt *attempt, ssize_t outcome)
{
        struct connector *connector = attempt->connector;

        if (outcome == 0 && !connector->winner) {
                connector->winner = attempt;
                return;
        }
        if (attempt->fd >= 0)
                close_attempt(attempt);
        if (outcome == 0 || outcome == EDDY_CANCELLED)
                return;
        connector->last_loser = attempt;
        connector->error = (int)outcome;
        connector->is_due = true;
}

static void connected(void *arg)
{
        struct attempt *attempt = arg;

        attempt->connector->running--;
        finish_attempt(attempt, attempt->op.result);
        step(attempt->connector);
}

/** Begin to connect: 0, EDDY_PENDING, or an error. */
static ssize_t begin_attempt(struct attempt *attempt)
{
        struct connector *connector = attempt->connector;
        int family = attempt->address.any.sa_family, rc;

        attempt->fd = sys_socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (attempt->fd < 0)
                return attempt->fd;
        rc = route_bind(&connector->route, attempt->fd, family);
        if (rc < 0)
                return rc;
        eddy_op_init(&attempt->op, connector->loop, connected, attempt);
        return eddy_op_connect(&attempt->op, attempt->fd, &attempt->address.any, attempt->address.size);
}

/** Try an address once more, a little later. */
static void put_off(struct connector *connector, struct attempt *attempt)
{
        close_attempt(attempt);
        connector->begun--;
        eddy_call_later(connector->loop, &connector->timer, BACKLOG_REST, end_head_start, connector);
}

static void begin_next(struct connector *connector)
{
        struct attempt *attempt = &connector->attempts[connector->begun++];
        ssize_t rc;

        connector->is_due = false;
        eddy_timer_cancel(&connector->timer);
        rc = begin_attempt(attempt);
        if (rc == EDDY_PENDING) {
                connector->running++;
                if (connector->begun < connector->count && connector->head_start != EDDY_FOREVER)
                        eddy_call_later(connector->loop, &connector->timer, connector->head_start,
                                        end_head_start, connector);
        } else if (rc == -EAGAIN && attempt->address.any.sa_family == AF_UNIX) {
                put_off(connector, attempt);
        } else {
                finish_attempt(attempt, rc);
        }
}

static void cancel_losers(struct connector *connector)
{
        for (size_t i = 0; i < connector->begun; i++)
                if (&connector->attempts[i] != connector->winner)
                        eddy_op_cancel(&connector->attempts[i].op);
}

/** Whether the next address is to be tried now. */
static bool may_begin_next(const struct connector *connector)
{
        if (connector->winner || connector->is_ending || connector->begun == connector->count)
                return false;
        return connector->is_due || (connector->running == 0 && !eddy_timer_pending(&connector->timer));
}

/** Run the race: whether it is over. */
static bool run_race(struct connector *connector)
{
        bool is_decided;

        while (may_begin_next(connector))
                begin_next(connector);
        is_decided = connector->winner || connector->is_ending ||
                     (connector->running == 0 && connector->begun == connector->count);
        if (!is_decided)
                return false;
        eddy_timer_cancel(&connector->timer);
        cancel_losers(connector);
        return connector->running == 0; /* until then their addresses are the kernel's to look at */
}

/* Addresses. */

/** The next address of a family, or of any but that one. */
static const struct addrinfo *next_of(const struct addrinfo *one, int family, bool is_of)
{
        while (one && (one->ai_family == family) != is_of)
                one = one->ai_next;
        return one;
}

static struct attempt *add_attempt(struct connector *connector, size_t i)
{
        struct attempt *attempt = &connector->attempts[i];

        attempt->connector = connector;
        attempt->fd = -1;
        return attempt;
}

/** Some of the first address's family, one of another, and so on in turn: where one family leads nowhere, the other is not
 * kept waiting by all of its addresses. 0 or -ENOMEM. */
static int line_up(struct connector *connector)
{
        const struct addrinfo *found = connector->route.remote.found;
        int family = found->ai_family;
        const struct addrinfo *next[] = {next_of(found, family, true), next_of(found, family, false)};
        size_t turn = 0;

        for (const struct addrinfo *one = found; one; one = one->ai_next)
                connector->count++;
        connector->attempts = memory_zalloc(connector->count * sizeof *connector->attempts);
        if (!connector->attempts)
                return -ENOMEM;
        for (size_t i = 0; i < connector->count; i++) {
                if (!next[turn])
                        turn = 1 - turn;
                add_attempt(connector, i)->address = address_from_info(next[turn]);
                next[turn] = next_of(next[turn]->ai_next, family, turn == 0);
                if (i + 1 >= connector->first_family_count)
                        turn = 1 - turn;
        }
        return 0;
}

/** Know all addresses: 0, EDDY_PENDING, or the error. */
static int find_addresses(struct connector *connector)
{
        int rc;

        if (connector->attempts)
                return 0;
        if (connector->is_ending)
                return EDDY_CANCELLED;
        rc = route_outcome(&connector->route, &connector->detail);
        return rc < 0 ? rc : line_up(connector);
}

/* Its beginning and end. */

/** What the race has come to. */
static int judge(struct connector *connector)
{
        char text[EDDY_ADDRESS_TEXT_SIZE];
        const char *address;

        if (connector->winner) {
                int fd = connector->winner->fd;

                connector->family = connector->winner->address.any.sa_family;
                connector->winner->fd = -1;
                return fd;
        }
        if (connector->is_ending || !connector->last_loser)
                return EDDY_CANCELLED;
        if (connector->last_loser->address.any.sa_family == AF_UNIX)
                return error_detail_fail(&connector->detail, connector->error, "cannot connect to %s: %s",
                                         connector->host, eddy_strerror(connector->error));
        address = eddy_address_print(&connector->last_loser->address, text);
        return error_detail_fail(&connector->detail, connector->error, "cannot connect to %s (%s): %s",
                                 connector->host ? connector->host : "this machine", address,
                                 eddy_strerror(connector->error));
}

/** Let go of everything but the detail. */
static void let_go(struct connector *connector)
{
        eddy_timer_cancel(&connector->timer);
        eddy_handle_cancel(&connector->turn);
        route_forget(&connector->route);
        memory_free(connector->attempts);
        connector->attempts = NULL;
        if (list_is_linked(&connector->resource.link))
                list_remove(&connector->resource.link);
}

static int go_on(struct connector *connector)
{
        int outcome = find_addresses(connector);

        if (outcome == 0)
                outcome = run_race(connector) ? judge(connector) : EDDY_PENDING;
        if (outcome != EDDY_PENDING)
                let_go(connector);
        return outcome;
}

/** No callback will come any more. */
static void close_with_loop(struct loop_resource *resource)
{
        struct connector *connector = container_of(resource, struct connector, resource);

        for (size_t i = 0; i < connector->begun; i++) {
                struct attempt *attempt = &connector->attempts[i];

                eddy_op_cancel(&attempt->op);
                eddy_handle_cancel(&attempt->op.handle);
                if (attempt->fd >= 0)
                        close_attempt(attempt);
        }
        let_go(connector);
}

static void answered(struct route *route)
{
        step(container_of(route, struct connector, route));
}

static void begin(struct connector *connector, eddy_loop *loop, const char *host)
{
        connector->loop = loop;
        connector->host = host;
        connector->error = EDDY_CANCELLED;
        connector->resource.close = close_with_loop;
        connector->route.answered = answered;
        loop_add_resource(loop, &connector->resource);
}

int connector_begin(struct connector *connector, eddy_loop *loop, const char *host, uint16_t port,
                    const eddy_connect_options *options)
{
        static const eddy_connect_options defaults;
        int rc = loop_check_open(loop);

        if (rc < 0)
                return rc;
        if (!options)
                options = &defaults;
        begin(connector, loop, host);
        connector->head_start =
            options->happy_eyeballs_delay ? options->happy_eyeballs_delay : DEFAULT_HEAD_START;
        connector->first_family_count = options->first_family_count;
        route_find_remote(&connector->route, loop, host, port, options->family, options->resolver);
        if (options->local_host || options->local_port)
                route_find_local(&connector->route, loop, options->local_host, options->local_port,
                                 options->family, options->resolver);
        return go_on(connector);
}

int connector_begin_path(struct connector *connector, eddy_loop *loop, const char *path)
{
        eddy_address address;
        int rc = loop_check_open(loop);

        if (rc < 0)
                return rc;
        rc = eddy_address_from_path(&address, path);
        if (rc < 0)
                return error_detail_fail(&connector->detail, rc, "cannot connect to %s: %s", path,
                                         eddy_strerror(rc));
        connector->attempts = memory_zalloc(sizeof *connector->attempts);
        if (!connector->attempts)
                return -ENOMEM;
        connector->count = 1;
        add_attempt(connector, 0)->address = address;
        begin(connector, loop, path);
        return go_on(connector);
}

void connector_cancel(struct connector *connector)
{
        if (connector->is_ending)
                return;
        connector->is_ending = true;
        route_forget(&connector->route);
        eddy_timer_cancel(&connector->timer);
        if (connector->attempts)
                cancel_losers(connector);
        if (connector->running == 0)
                eddy_call_soon(connector->loop, &connector->turn, take_turn, connector);
}

void connector_finish(struct connector *connector)
{
        memory_free(connector->detail);
        connector->detail = NULL;
}
