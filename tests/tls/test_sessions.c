/* What is resumed, and what must not be: nobody comes in by what was agreed on under other rules. */
#include "helpers.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static struct issued root, leaf, www, mine;
static eddy_tls *closed;

static const eddy_tls_version versions[] = {EDDY_TLS_1_2, EDDY_TLS_1_3};

static time_t minutes; /* that have passed, as everybody is told */

/** For OpenSSL, too. */
time_t time(time_t *place)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        now.tv_sec += minutes * 60;
        if (place)
                *place = now.tv_sec;
        return now.tv_sec;
}

static bool is_resumed(eddy_tls *server, eddy_tls *client, const char *name)
{
        struct meeting meeting = meet_well(server, client, name);

        assert_int_equal(meeting.at_client.info.is_resumed, meeting.at_server.info.is_resumed);
        return meeting.at_client.info.is_resumed;
}

static void resumes(void)
{
        for (size_t k = 0; k < 2; k++) {
                eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
                eddy_tls *other = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
                eddy_tls *client = new_client(
                    &(eddy_tls_options){.ca_file = root.path, .highest = versions[k], .skips_host_name = true});

                assert_false(is_resumed(server, client, "example.org"));
                assert_true(is_resumed(server, client, "example.org"));
                assert_true(is_resumed(server, client, "example.org"));
                assert_false(is_resumed(server, client, "www.example.org"));
                assert_int_equal(eddy_tls_reload(server), 0);
                assert_true(is_resumed(server, client, "example.org"));
                assert_false(is_resumed(other, client, "example.org"));
                assert_false(is_resumed(server, client, "example.org"));
                eddy_tls_unref(server);
                eddy_tls_unref(other);
                eddy_tls_unref(client);
        }
}

/** Whose rules may have changed has all of it looked at again. */
static void rules_of_before(void)
{
        eddy_tls *server = new_server(&(eddy_tls_options){
            .certificate_file = leaf.path, .ca_file = root.path, .verify = EDDY_TLS_VERIFY_REQUIRED});
        eddy_tls *client = new_client(&(eddy_tls_options){.certificate_file = mine.path, .ca_file = root.path});

        assert_false(is_resumed(server, client, NULL));
        assert_true(is_resumed(server, client, NULL));
        assert_string_equal(meet_well(server, client, NULL).at_server.subject, "CN=mine");
        assert_int_equal(eddy_tls_reload(server), 0);
        assert_false(is_resumed(server, client, NULL));
        assert_true(is_resumed(server, client, NULL));
        assert_int_equal(eddy_tls_reload(client), 0);
        assert_false(is_resumed(server, client, NULL));
        eddy_tls_unref(server);
        eddy_tls_unref(client);
}

/** Who comes again and again has all of it looked at again after two hours. */
static void not_for_ever(void)
{
        for (size_t k = 0; k < 2; k++) {
                eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
                eddy_tls *client =
                    new_client(&(eddy_tls_options){.ca_file = root.path, .highest = versions[k]});

                for (minutes = 0; minutes <= 300; minutes += 50)
                        assert_int_equal(is_resumed(server, client, NULL), minutes % 150 != 0);
                minutes = 0;
                eddy_tls_unref(server);
                eddy_tls_unref(client);
        }
}

/** A certificate that has expired is not trusted for what was agreed on before. */
static void assert_expires(const struct issued *at_server, const struct issued *at_client,
                           const struct issued *issuer, bool is_servers)
{
        for (size_t k = 0; k < 2; k++) {
                eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = at_server->path,
                                                                  .ca_file = issuer->path,
                                                                  .verify = EDDY_TLS_VERIFY_REQUIRED});
                eddy_tls *client = new_client(&(eddy_tls_options){
                    .certificate_file = at_client->path, .ca_file = issuer->path, .highest = versions[k]});
                struct meeting meeting = {.server = server, .client = client};

                minutes = 24 * 60 - 20;
                assert_false(is_resumed(server, client, NULL));
                assert_true(is_resumed(server, client, NULL));
                minutes = 24 * 60 + 20;
                meet(&meeting);
                assert_int_equal(is_servers ? meeting.at_client.rc : meeting.at_server.rc, EDDY_ECERTIFICATE);
                minutes = 0;
                eddy_tls_unref(server);
                eddy_tls_unref(client);
        }
}

static void expired_since(void)
{
        struct issued issuer = issue(&(struct wish){.name = "issuer", .is_issuer = true, .until_day = 9});
        struct issued lasting = issue(&(struct wish){.issuer = &issuer, .until_day = 9});
        struct issued brief = issue(&(struct wish){.issuer = &issuer});

        assert_expires(&brief, &lasting, &issuer, true);
        assert_expires(&lasting, &brief, &issuer, false);
        forget_issued(&brief);
        forget_issued(&lasting);
        forget_issued(&issuer);
}

/* A client that means no good: it resumes with one name what it has agreed on with another one. */

struct intruder {
        uint16_t port, second_port;
        int version;
        const char *first, *second; /* names */
        bool is_resumed, is_served; /* at the second name */
};

static intptr_t intrude(void *arg)
{
        struct intruder *intruder = arg;
        SSL_CTX *openssl = SSL_CTX_new(TLS_client_method());
        SSL_SESSION *session, *second = NULL;

        SSL_CTX_set_max_proto_version(openssl, intruder->version);
        session = visit(intruder->port, openssl, intruder->first, NULL, &intruder->is_resumed);
        if (session)
                second =
                    visit(intruder->second_port, openssl, intruder->second, session, &intruder->is_resumed);
        intruder->is_served = second;
        SSL_SESSION_free(second);
        SSL_CTX_free(openssl);
        return session != NULL;
}

static intptr_t serve(eddy_stream *stream, void *arg)
{
        char byte;

        (void)arg;
        eddy_stream_write(stream, "s", 1);
        eddy_stream_read(stream, &byte, 1);
        return 0;
}

static eddy_tls *choose(const char *name, void *arg)
{
        (void)arg;
        return name && strcmp(name, "www.example.org") == 0 ? closed : NULL;
}

static void other_names(void)
{
        eddy_tls *open = new_server(&(eddy_tls_options){.certificate_file = leaf.path, .choose = choose});
        eddy_server *server;
        intptr_t begun;

        closed = new_server(&(eddy_tls_options){
            .certificate_file = www.path, .ca_file = root.path, .verify = EDDY_TLS_VERIFY_REQUIRED});
        assert_int_equal(
            eddy_start_server(&server, serve, NULL, "127.0.0.1", 0, &(eddy_server_options){.tls = open}), 0);
        for (size_t k = 0; k < 2; k++) {
                struct intruder intruder = {
                    .port = eddy_server_port(server),
                    .second_port = eddy_server_port(server),
                    .version = k ? TLS1_3_VERSION : TLS1_2_VERSION,
                    .first = "example.org",
                    .second = "example.org",
                };

                assert_int_equal(eddy_to_thread(intrude, &intruder, &begun), 0);
                assert_true(begun && intruder.is_served && intruder.is_resumed);
                intruder.second = "www.example.org";
                assert_int_equal(eddy_to_thread(intrude, &intruder, &begun), 0);
                assert_true(begun);
                assert_false(intruder.is_served);
                assert_false(intruder.is_resumed);
        }
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        eddy_tls_unref(open);
        eddy_tls_unref(closed);
}

/* Processes that share the keys of their tickets, and have made other contexts since. */

static eddy_tls *shared, *chosen;

static eddy_tls *choose_own(const char *name, void *arg)
{
        (void)name, (void)arg;
        return chosen;
}

/** A server of this process's, with what all share. */
static eddy_server *start_shared(void)
{
        eddy_server *server;

        assert_int_equal(
            eddy_start_server(&server, serve, NULL, "127.0.0.1", 0, &(eddy_server_options){.tls = shared}), 0);
        return server;
}

/** The other process: a server that asks nobody for a certificate, until it is killed. */
static intptr_t serve_all(void *arg)
{
        const int *to_parent = arg;
        eddy_server *server = start_shared();
        uint16_t port = eddy_server_port(server);

        assert_int_equal(write(*to_parent, &port, sizeof port), sizeof port);
        return eddy_server_serve_forever(server);
}

static intptr_t ask_both(void *arg)
{
        const uint16_t *others_port = arg;
        eddy_server *server = start_shared();
        intptr_t begun;

        for (size_t k = 0; k < 2; k++) {
                struct intruder intruder = {
                    .port = *others_port,
                    .second_port = eddy_server_port(server),
                    .version = k ? TLS1_3_VERSION : TLS1_2_VERSION,
                    .first = "example.org",
                    .second = "example.org",
                };

                assert_int_equal(eddy_to_thread(intrude, &intruder, &begun), 0);
                assert_true(begun);
                assert_false(intruder.is_served);
                assert_false(intruder.is_resumed);
        }
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        return 0;
}

/** Nobody comes in here by what another process has agreed on by rules of its own. */
static void other_processes(void **state)
{
        uint16_t port;
        int ends[2];
        pid_t child;

        (void)state;
        shared = new_server(&(eddy_tls_options){.certificate_file = leaf.path, .choose = choose_own});
        assert_int_equal(pipe(ends), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails kills nobody */
                new_server(&(eddy_tls_options){.certificate_file = www.path}); /* whoever came first */
                chosen = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
                eddy_run(serve_all, &ends[1]);
                _exit(1);
        }
        chosen = new_server(&(eddy_tls_options){
            .certificate_file = leaf.path, .ca_file = root.path, .verify = EDDY_TLS_VERIFY_REQUIRED});
        assert_int_equal(read(ends[0], &port, sizeof port), sizeof port);
        assert_int_equal(eddy_run(ask_both, &port), 0);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        close(ends[0]);
        close(ends[1]);
        eddy_tls_unref(chosen);
        eddy_tls_unref(shared);
}

static int set_up(void **state)
{
        (void)state;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        leaf = issue(&(struct wish){.issuer = &root, .names = "DNS:*.example.org, DNS:example.org"});
        www = issue(&(struct wish){.issuer = &root, .names = "DNS:www.example.org"});
        mine = issue(&(struct wish){.issuer = &root, .name = "mine"});
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        forget_issued(&mine);
        forget_issued(&www);
        forget_issued(&leaf);
        forget_issued(&root);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(resumes),       scene_test(rules_of_before), scene_test(not_for_ever),
            scene_test(expired_since), scene_test(other_names),     cmocka_unit_test(other_processes),
        };

        return cmocka_run_group_tests_name("tls-sessions", tests, set_up, tear_down);
}
