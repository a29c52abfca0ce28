/* The keys of tickets, day after day: in one process, and in those that were forked from it. */
#include "helpers.h"

#include "tls/context.h"
#include <sys/wait.h>

static struct issued root, leaf;

static const eddy_tls_version versions[] = {EDDY_TLS_1_2, EDDY_TLS_1_3};

/* The clock, which a test turns while no loop runs. */

static _Atomic eddy_duration turned;

eddy_time __real_eddy_now(void);
eddy_time __wrap_eddy_now(void);

eddy_time __wrap_eddy_now(void)
{
        return __real_eddy_now() + turned;
}

static void turn_days(int days)
{
        turned += eddy_seconds(days * 24 * 3600.0);
}

static intptr_t meet_in_loop(void *meeting)
{
        meet(meeting);
        return 0;
}

static bool is_resumed(eddy_tls *server, eddy_tls *client)
{
        struct meeting meeting = {.server = server, .client = client};

        assert_int_equal(eddy_run(meet_in_loop, &meeting), 0);
        assert_int_equal(meeting.at_client.read, 1);
        assert_int_equal(meeting.at_server.read, 1);
        assert_int_equal(meeting.at_client.info.is_resumed, meeting.at_server.info.is_resumed);
        return meeting.at_client.info.is_resumed;
}

static void new_every_day(void **state)
{
        (void)state;
        for (size_t k = 0; k < 2; k++) {
                eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
                eddy_tls *client =
                    new_client(&(eddy_tls_options){.ca_file = root.path, .highest = versions[k]});

                assert_false(is_resumed(server, client));
                assert_true(is_resumed(server, client));
                turn_days(1);
                assert_true(is_resumed(server, client));
                turn_days(2);
                assert_false(is_resumed(server, client));
                assert_true(is_resumed(server, client));
                turn_days(1000);
                assert_false(is_resumed(server, client));
                assert_int_equal(eddy_tls_reload(server), 0);
                turn_days(1);
                assert_int_equal(eddy_tls_reload(server), 0);
                assert_true(is_resumed(server, client));
                eddy_tls_unref(server);
                eddy_tls_unref(client);
        }
}

static void nothing_is_left(void **state)
{
        static const struct tickets nothing;
        struct tickets tickets;

        (void)state;
        assert_int_equal(tickets_init(&tickets), 0);
        assert_memory_not_equal(tickets.today.name, tickets.yesterday.name, TICKET_NAME_SIZE);
        assert_memory_not_equal(tickets.today.cipher, tickets.today.mac, TICKET_SECRET_SIZE);
        tickets_finish(&tickets);
        assert_memory_equal(&tickets, &nothing, sizeof tickets);
}

/* Workers. */

/** A process that serves one who comes, days after it was made. */
struct worker {
        pid_t pid;
        uint16_t port;
};

static intptr_t serve_one(eddy_stream *stream, void *arg)
{
        char byte;

        eddy_stream_write(stream, "s", 1);
        eddy_stream_read(stream, &byte, 1);
        eddy_server_close(*(eddy_server **)arg);
        return 0;
}

struct work {
        eddy_tls *tls;
        int to; /* the parent, who is told the port */
};

static intptr_t work(void *arg)
{
        const struct work *work = arg;
        eddy_server *server;
        uint16_t port;
        int rc = eddy_start_server(&server, serve_one, &server, "127.0.0.1", 0,
                                   &(eddy_server_options){.tls = work->tls});

        if (rc < 0)
                return rc;
        port = eddy_server_port(server);
        if (write(work->to, &port, sizeof port) == sizeof port)
                rc = eddy_server_wait_closed(server);
        eddy_server_destroy(server);
        return rc;
}

static struct worker start_worker(eddy_tls *tls, int days)
{
        struct worker worker;
        int ends[2];

        assert_int_equal(pipe(ends), 0);
        worker.pid = fork();
        assert_true(worker.pid >= 0);
        if (worker.pid == 0) {
                turn_days(days);
                _exit(eddy_run(work, &(struct work){.tls = tls, .to = ends[1]}) < 0);
        }
        close(ends[1]);
        assert_int_equal(read(ends[0], &worker.port, sizeof worker.port), sizeof worker.port);
        close(ends[0]);
        return worker;
}

/** Visit a worker, which is done then: whether it resumes what another one has begun. */
static bool resumes(struct worker worker, SSL_CTX *openssl, SSL_SESSION **session)
{
        bool is_resumed;
        int status;

        *session = visit(worker.port, openssl, "example.org", *session, &is_resumed);
        assert_non_null(*session);
        assert_int_equal(waitpid(worker.pid, &status, 0), worker.pid);
        assert_int_equal(status, 0);
        return is_resumed;
}

/** What a ticket begins with: the name of its key, and what no other one has. */
struct ticket_head {
        unsigned char key[TICKET_NAME_SIZE], iv[16];
};

static struct ticket_head head_of(SSL_SESSION *session)
{
        const unsigned char *ticket;
        struct ticket_head head;
        size_t size;

        SSL_SESSION_get0_ticket(session, &ticket, &size);
        assert_true(size > sizeof head);
        memcpy(&head, ticket, sizeof head);
        return head;
}

/** What yesterday's key opens is sealed with today's. And with TLS 1.3 each ticket is used once, so that nobody who listens knows a
 * client again by it. */
static void workers_agree(void **state)
{
        (void)state;
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
                eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
                SSL_CTX *openssl = SSL_CTX_new(TLS_client_method());
                SSL_SESSION *session = NULL;
                struct ticket_head first, second;

                SSL_CTX_set_max_proto_version(openssl, version);
                assert_false(resumes(start_worker(server, 0), openssl, &session));
                for (int day = 1; day < 4; day++) {
                        first = head_of(session);
                        assert_true(resumes(start_worker(server, day), openssl, &session));
                        second = head_of(session);
                        assert_memory_not_equal(first.key, second.key, sizeof first.key);
                        first = second;
                        assert_true(resumes(start_worker(server, day), openssl, &session));
                        second = head_of(session);
                        assert_memory_equal(first.key, second.key, sizeof first.key);
                        assert_int_equal(memcmp(first.iv, second.iv, sizeof first.iv) != 0,
                                         version == TLS1_3_VERSION);
                }
                assert_false(resumes(start_worker(server, 5), openssl, &session));
                SSL_SESSION_free(session);
                SSL_CTX_free(openssl);
                eddy_tls_unref(server);
        }
}

static int set_up(void **state)
{
        (void)state;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        leaf = issue(&(struct wish){.issuer = &root});
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        forget_issued(&leaf);
        forget_issued(&root);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(new_every_day),
            cmocka_unit_test(nothing_is_left),
            cmocka_unit_test(workers_agree),
        };

        return cmocka_run_group_tests_name("tls-tickets", tests, set_up, tear_down);
}
