/* Other programs that speak TLS, on the other side: OpenSSL's own, Python's ssl, Go, curl, GnuTLS. */
#include "helpers.h"

#include <eddy/process.h>

static struct issued root, leaf, mine;

static const char *const protocols[] = {"h2", "eddy", NULL};

/** A program, and a test that needs it. */
struct peer {
        scene body;
        const char *program;
};

static bool is_installed(const char *program)
{
        const char *folders = getenv("PATH");
        char path[512];

        for (; folders && *folders; folders += strcspn(folders, ":"), folders += *folders == ':') {
                snprintf(path, sizeof path, "%.*s/%s", (int)strcspn(folders, ":"), folders, program);
                if (access(path, X_OK) == 0)
                        return true;
        }
        return false;
}

static void play_peer(void **state)
{
        struct peer *peer = *state;

        if (!is_installed(peer->program)) {
                print_message("there is no %s here\n", peer->program);
                skip();
        }
        play((void **)(void *)&peer->body);
}

/* Our server. */

/** What the last client came with. */
static struct {
        char version[16], alpn[16], subject[64], name[64];
} came;

static intptr_t serve_line(eddy_stream *stream, void *arg)
{
        const char *line;
        ssize_t n;
        eddy_tls_info info;

        (void)arg;
        assert_int_equal(eddy_stream_tls_info(stream, &info), 0);
        snprintf(came.version, sizeof came.version, "%s", info.version);
        snprintf(came.alpn, sizeof came.alpn, "%s", info.alpn ? info.alpn : "");
        snprintf(came.subject, sizeof came.subject, "%s", info.subject ? info.subject : "");
        snprintf(came.name, sizeof came.name, "%s", info.name ? info.name : "");
        n = eddy_stream_read_line(stream, &line);
        if (n > 0) {
                eddy_stream_write(stream, "HTTP/1.0 200 OK\r\n\r\n", 19);
                eddy_stream_write(stream, line, (size_t)n);
        }
        return 0;
}

/** Run a program that connects to our server, and see what it says; "PORT" in its arguments is the server's. */
static void assert_says(char *argv[], const char *expected)
{
        eddy_tls *tls = new_server(&(eddy_tls_options){.certificate_file = leaf.path,
                                                       .ca_file = root.path,
                                                       .verify = EDDY_TLS_VERIFY_OPTIONAL,
                                                       .alpn = protocols});
        eddy_process_options options = {.in = EDDY_PIPE, .out = EDDY_PIPE, .err = EDDY_PIPE};
        eddy_process_output output;
        eddy_process *process;
        eddy_server *server;
        char arguments[32][1024], *expanded[33] = {NULL};

        assert_int_equal(
            eddy_start_server(&server, serve_line, NULL, "127.0.0.1", 0, &(eddy_server_options){.tls = tls}),
            0);
        for (size_t i = 0; argv[i]; i++) {
                const char *port = strstr(argv[i], "PORT");

                if (port)
                        snprintf(arguments[i], sizeof arguments[i], "%.*s%d%s", (int)(port - argv[i]), argv[i],
                                 eddy_server_port(server), port + 4);
                else
                        snprintf(arguments[i], sizeof arguments[i], "%s", argv[i]);
                expanded[i] = arguments[i];
        }
        memset(&came, 0, sizeof came);
        assert_int_equal(eddy_process_exec(&process, expanded, &options), 0);
        assert_int_equal(eddy_process_communicate(process, "hello there\n", 12, SIZE_MAX, &output), 0);
        if (output.returncode != 0 || !strstr(output.out, expected))
                fail_msg("%s returned %d: %s%s", argv[0], output.returncode, output.out, output.err);
        eddy_free(output.out);
        eddy_free(output.err);
        eddy_process_destroy(process);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        eddy_tls_unref(tls);
}

static void assert_came(const char *version, const char *alpn, const char *subject)
{
        assert_string_equal(came.version, version);
        assert_string_equal(came.alpn, alpn);
        assert_string_equal(came.subject, subject);
        assert_string_equal(came.name, "example.org");
}

static void openssl_client(void)
{
        assert_says(EDDY_ARGV("openssl", "s_client", "-connect", "127.0.0.1:PORT", "-servername", "example.org",
                              "-verify_hostname", "example.org", "-verify_return_error", "-CAfile", root.path,
                              "-quiet", "-tls1_2", "-cert", mine.path, "-key", mine.path, "-alpn", "eddy"),
                    "hello there");
        assert_came("TLSv1.2", "eddy", "CN=mine");
        assert_says(EDDY_ARGV("openssl", "s_client", "-connect", "127.0.0.1:PORT", "-servername", "example.org",
                              "-verify_hostname", "example.org", "-verify_return_error", "-CAfile", root.path,
                              "-quiet", "-tls1_3", "-cert", mine.path, "-key", mine.path, "-alpn", "eddy,h2"),
                    "hello there");
        assert_came("TLSv1.3", "h2", "CN=mine");
}

static void python_client(void)
{
        char program[] = "import socket, ssl, sys\n"
                         "context = ssl.create_default_context(cafile=sys.argv[1])\n"
                         "context.load_cert_chain(sys.argv[2])\n"
                         "context.set_alpn_protocols(['eddy'])\n"
                         "context.maximum_version = ssl.TLSVersion[sys.argv[4]]\n"
                         "with socket.create_connection(('127.0.0.1', int(sys.argv[3]))) as plain:\n"
                         "    with context.wrap_socket(plain, server_hostname='example.org') as secure:\n"
                         "        secure.sendall(b'hello there\\n')\n"
                         "        print(secure.makefile('rb').read().decode())\n";

        assert_says(EDDY_ARGV("python3", "-c", program, root.path, mine.path, "PORT", "TLSv1_2"),
                    "hello there");
        assert_came("TLSv1.2", "eddy", "CN=mine");
        assert_says(EDDY_ARGV("python3", "-c", program, root.path, mine.path, "PORT", "TLSv1_3"),
                    "hello there");
        assert_came("TLSv1.3", "eddy", "CN=mine");
}

static void curl_client(void)
{
        assert_says(EDDY_ARGV("curl", "--silent", "--show-error", "--noproxy", "*", "--http1.0", "--no-alpn",
                              "--cacert", root.path, "--cert", mine.path, "--resolve",
                              "example.org:PORT:127.0.0.1", "--tls-max", "1.2", "https://example.org:PORT/"),
                    "GET / HTTP/1.0");
        assert_came("TLSv1.2", "", "CN=mine");
        assert_says(EDDY_ARGV("curl", "--silent", "--show-error", "--noproxy", "*", "--http1.0", "--no-alpn",
                              "--cacert", root.path, "--resolve", "example.org:PORT:127.0.0.1",
                              "https://example.org:PORT/"),
                    "GET / HTTP/1.0");
        assert_came("TLSv1.3", "", "");
}

static void gnutls_client(void)
{
        assert_says(EDDY_ARGV("gnutls-cli", "--x509cafile", root.path, "--x509certfile", mine.path,
                              "--x509keyfile", mine.path, "--sni-hostname", "example.org", "--verify-hostname",
                              "example.org", "--alpn", "eddy", "--port", "PORT", "127.0.0.1"),
                    "hello there");
        assert_came("TLSv1.3", "eddy", "CN=mine");
}

/* Our client. */

/** Run a server, which says on which port in a line that ends with it; talk to it, and end it. */
static void assert_serves(char *argv[], const char *answer, const char *version, const char *alpn)
{
        eddy_tls *tls = new_client(
            &(eddy_tls_options){.ca_file = root.path, .certificate_file = mine.path, .alpn = protocols});
        eddy_connect_options options = {.tls = tls, .tls_name = "example.org"};
        eddy_process_options pipes = {.in = EDDY_PIPE, .out = EDDY_PIPE, .err = EDDY_DEVNULL};
        eddy_process *process;
        eddy_stream *stream;
        eddy_tls_info info;
        const char *line;
        char text[64];
        int port = 0;

        assert_int_equal(eddy_process_exec(&process, argv, &pipes), 0);
        while (port == 0) {
                ssize_t n = eddy_stream_read_line(eddy_process_stdout(process), &line);

                if (n <= 0)
                        fail_msg("%s has ended", argv[0]);
                snprintf(text, sizeof text, "%.*s", (int)n, line);
                if (sscanf(text, "ACCEPT 127.0.0.1:%d", &port) != 1)
                        port = 0;
        }
        if (eddy_open_connection(&stream, "127.0.0.1", (uint16_t)port, &options) < 0)
                fail_msg("%s: %s", argv[0], eddy_error_detail());
        assert_int_equal(eddy_stream_tls_info(stream, &info), 0);
        assert_string_equal(info.version, version);
        assert_string_equal(info.alpn, alpn);
        assert_int_equal(eddy_stream_write_all(stream, "abc\n", 4), 4);
        assert_true(eddy_stream_read_line(stream, &line) > 0);
        assert_memory_equal(line, answer, strlen(answer));
        eddy_stream_destroy(stream);
        eddy_process_destroy(process);
        eddy_tls_unref(tls);
}

static void openssl_server(void)
{
        static char *const versions[] = {"-tls1_2", "-tls1_3"};

        for (int i = 0; i < 2; i++)
                assert_serves(EDDY_ARGV("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", leaf.path,
                                        "-key", leaf.path, "-CAfile", root.path, "-Verify", "1",
                                        "-verify_return_error", "-alpn", "eddy", "-rev", versions[i]),
                              "cba", i ? "TLSv1.3" : "TLSv1.2", "eddy");
}

static void python_server(void)
{
        char program[] = "import socket, ssl, sys\n"
                         "context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=sys.argv[1])\n"
                         "context.load_cert_chain(sys.argv[2])\n"
                         "context.verify_mode = ssl.CERT_REQUIRED\n"
                         "context.set_alpn_protocols(['eddy'])\n"
                         "context.maximum_version = ssl.TLSVersion[sys.argv[3]]\n"
                         "with socket.create_server(('127.0.0.1', 0)) as server:\n"
                         "    print('ACCEPT 127.0.0.1:%d' % server.getsockname()[1], flush=True)\n"
                         "    with context.wrap_socket(server.accept()[0], server_side=True) as secure:\n"
                         "        secure.sendall(secure.recv(100)[::-1][1:] + b'\\n')\n"
                         "        secure.recv(1)\n";

        assert_serves(EDDY_ARGV("python3", "-c", program, root.path, leaf.path, "TLSv1_2"), "cba", "TLSv1.2",
                      "eddy");
        assert_serves(EDDY_ARGV("python3", "-c", program, root.path, leaf.path, "TLSv1_3"), "cba", "TLSv1.3",
                      "eddy");
}

/* Go, whose program is built first. */

/** Whether it could be built, within a time that leaves some for the test: nothing may be in the compiler's cache. */
static bool build_peer(char path[128])
{
        eddy_process_options silent = {.in = EDDY_DEVNULL, .out = EDDY_DEVNULL, .err = EDDY_DEVNULL};
        eddy_process *process;
        int rc = EDDY_TIMEOUT, returncode = 1;

        new_path(path);
        assert_int_equal(eddy_process_exec(&process, EDDY_ARGV("go", "build", "-o", path, PEER_GO), &silent),
                         0);
        EDDY_TIMEOUT_SCOPE(eddy_seconds(40))
                rc = eddy_process_wait(process, &returncode);
        eddy_process_destroy(process);
        return rc == 0 && returncode == 0;
}

static void go(void)
{
        static char *const versions[] = {"1.2", "1.3"};
        static const char *const names[] = {"TLSv1.2", "TLSv1.3"};
        char path[128];

        if (!build_peer(path)) {
                print_message("there is no Go here that builds peer.go in time\n");
                return;
        }
        for (int i = 0; i < 2; i++) {
                assert_says(EDDY_ARGV(path, "client", root.path, mine.path, "PORT", versions[i]),
                            "hello there");
                assert_came(names[i], "eddy", "CN=mine");
                assert_serves(EDDY_ARGV(path, "server", root.path, leaf.path, versions[i]), "cba", names[i],
                              "eddy");
        }
        remove(path);
}

static int set_up(void **state)
{
        (void)state;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        leaf = issue(&(struct wish){.issuer = &root});
        mine = issue(&(struct wish){.issuer = &root, .name = "mine"});
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        forget_issued(&mine);
        forget_issued(&leaf);
        forget_issued(&root);
        return 0;
}

#define peer_test(program, body)                                                                               \
        {                                                                                                      \
#body, play_peer, NULL, NULL, &(struct peer)                                                   \
                {                                                                                              \
                        body, program                                                                          \
                }                                                                                              \
        }

int main(void)
{
        const struct CMUnitTest tests[] = {
            peer_test("openssl", openssl_client),
            peer_test("openssl", openssl_server),
            peer_test("python3", python_client),
            peer_test("python3", python_server),
            peer_test("curl", curl_client),
            peer_test("gnutls-cli", gnutls_client),
            peer_test("go", go),
        };

        return cmocka_run_group_tests_name("tls-peers", tests, set_up, tear_down);
}
