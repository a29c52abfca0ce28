/* Tasks that open datagram sockets, and are interrupted while a name is looked up. */
#include "helpers.h"
#include "helpers_resolve.h"

#include "base/fault.h"

/** With a name that nobody else looks up. */
static int open_slowly(void)
{
        static unsigned count;
        eddy_datagram *datagram;
        char host[32];
        int rc;

        snprintf(host, sizeof host, "slow-%u.test", count++);
        rc = eddy_open_datagram(&datagram, &(eddy_datagram_options){.local_host = host});
        assert_int_equal(rc == 0, datagram != NULL);
        eddy_datagram_destroy(datagram);
        return rc;
}

static intptr_t open_in_a_task(void *arg)
{
        (void)arg;
        return open_slowly();
}

static void loop_goes_on_meanwhile(void)
{
        eddy_task *task;

        set_gate(false);
        task = eddy_create_task(open_in_a_task, NULL);
        until(waiting_at_gate() == 1);
        give_way();
        assert_false(eddy_done(task));
        set_gate(true);
        assert_int_equal(join(task), 0);
}

static void cancelled(void)
{
        eddy_task *task;

        set_gate(false);
        task = eddy_create_task(open_in_a_task, NULL);
        until(waiting_at_gate() == 1);
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        set_gate(true);
        settle_gate();
        give_way();
}

static void late(void)
{
        int rc = 0;

        set_gate(false);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = open_slowly();
        assert_int_equal(rc, EDDY_TIMEOUT);
        set_gate(true);
        settle_gate();
}

/** Who answers when it is told to. */
static eddy_lookup *question;

static void *take_question(eddy_lookup *lookup, const char *host, const char *service,
                           const struct addrinfo *hints, void *arg)
{
        (void)host, (void)service, (void)hints, (void)arg;
        return question = lookup;
}

static void answer_question(void)
{
        struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const struct addrinfo found = {
            .ai_family = AF_INET,
            .ai_addr = (struct sockaddr *)&here,
            .ai_addrlen = sizeof here,
        };

        assert_int_equal(eddy_lookup_done(question, 0, &found), 0);
}

static void answer_later(void *arg)
{
        (void)arg;
        answer_question();
}

static void cancel_later(void *task)
{
        eddy_cancel(task);
}

/** The answer and the interruption come in one turn, in either order: one of them counts, and no descriptor is left. */
static void answered_and_cancelled_at_once(void)
{
        const eddy_resolver resolver = {.begin = take_question};

        assert_int_equal(eddy_loop_set_resolver(NULL, &resolver), 0);
        for (int i = 0; i < 3; i++) {
                eddy_task *task;
                intptr_t outcome;

                question = NULL;
                task = eddy_create_task(open_in_a_task, NULL);
                until(question);
                if (i == 2)
                        eddy_call_soon(NULL, NULL, answer_later, NULL); /* its delivery is a turn later */
                else
                        answer_question();
                if (i == 0)
                        eddy_cancel(task); /* before it is delivered */
                else
                        eddy_call_soon(NULL, NULL, cancel_later, task);
                outcome = join(task);
                assert_int_equal(outcome, i == 1 ? 0 : EDDY_CANCELLED);
        }
        assert_int_equal(eddy_loop_set_resolver(NULL, NULL), 0);
}

static void failures_are_explained(void)
{
        const eddy_datagram_options nowhere = {.remote_host = "no-such-host..invalid", .remote_port = 9};
        eddy_datagram *datagram, *other;
        eddy_address address;

        assert_int_equal(eddy_open_datagram(&datagram, &nowhere), EDDY_ERESOLVE);
        assert_null(datagram);
        assert_memory_equal(eddy_error_detail(), "no-such-host..invalid: ", 23);
        assert_int_equal(eddy_open_datagram(&datagram, NULL), 0);
        assert_int_equal(eddy_address_of_socket(&address, eddy_datagram_fd(datagram)), 0);
        assert_int_equal(
            eddy_open_datagram(&other, &(eddy_datagram_options){.local_port = eddy_address_port(&address)}),
            -EADDRINUSE);
        assert_null(other);
        assert_memory_equal(eddy_error_detail(), "cannot receive on 0.0.0.0:", 26);
        eddy_datagram_destroy(datagram);
        assert_int_equal(eddy_open_unix_datagram(&datagram, NULL, "/no/such/socket"), -ENOENT);
        assert_null(datagram);
        assert_memory_equal(eddy_error_detail(), "cannot connect to /no/such/socket: ", 35);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(loop_goes_on_meanwhile),
            scene_test(cancelled),
            scene_test(late),
            scene_test(answered_and_cancelled_at_once),
            scene_test(failures_are_explained),
        };

        return cmocka_run_group_tests_name("datagram_open", tests, NULL, NULL);
}
