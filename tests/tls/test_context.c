/* Contexts: their files, and what one comes to that is not as it has to be; names, and how connections begin and end. */
#include "helpers.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

static struct issued root, leaf, rsa, www;
static char leaf_certificate[128], leaf_key[128], encrypted_key[128], empty[128], prose[128], missing[128];

/* Files. */

static void two_files(void)
{
        eddy_tls *server =
            new_server(&(eddy_tls_options){.certificate_file = leaf_certificate, .key_file = leaf_key});
        eddy_tls *client = new_client(&(eddy_tls_options){.ca_file = root.path});

        meet_well(server, client, NULL);
        eddy_tls_unref(server);
        eddy_tls_unref(client);
}

static void directory_of_issuers(void)
{
        eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = leaf.path}), *client;
        char folder[] = "/tmp/eddy-tls-directory-XXXXXX", path[128];
        unsigned long hash = X509_NAME_hash_ex(X509_get_subject_name(root.certificate), NULL, NULL, NULL);
        struct meeting meeting = {.server = server};

        assert_non_null(mkdtemp(folder));
        client = meeting.client = new_client(&(eddy_tls_options){.ca_directory = folder});
        meet(&meeting);
        assert_int_equal(meeting.at_client.rc, EDDY_ECERTIFICATE);
        snprintf(path, sizeof path, "%s/%08lx.0", folder, hash);
        assert_int_equal(symlink(root.path, path), 0);
        meet_well(server, client, NULL);
        remove(path);
        rmdir(folder);
        eddy_tls_unref(server);
        eddy_tls_unref(client);
}

static int give_password(char *password, int size, void *arg)
{
        const char *text = arg;

        if (!text)
                return size + 1;
        return snprintf(password, (size_t)size, "%s", text);
}

static void password(void)
{
        eddy_tls_options options = {.certificate_file = leaf_certificate, .key_file = encrypted_key};
        eddy_tls *tls;
        char sentence[256];

        assert_int_equal(eddy_tls_create_server(&tls, &options), -EINVAL);
        snprintf(sentence, sizeof sentence, "the key '%s' is encrypted, and its password not known",
                 encrypted_key);
        assert_string_equal(eddy_error_detail(), sentence);
        options.get_password = give_password;
        assert_int_equal(eddy_tls_create_server(&tls, &options), -EINVAL); /* it is longer than there is room */
        assert_string_equal(eddy_error_detail(), sentence);
        options.arg = (char[]){"wrong"};
        assert_int_equal(eddy_tls_create_server(&tls, &options), -EINVAL);
        snprintf(sentence, sizeof sentence, "the key '%s' is encrypted, and not with the password given",
                 encrypted_key);
        assert_string_equal(eddy_error_detail(), sentence);
        options.arg = (char[]){"secret"};
        tls = new_server(&options);
        assert_int_equal(eddy_tls_reload(tls), 0);
        eddy_tls_unref(tls);
}

/** What a server's options come to, with the sentence in which %s stands for two files. */
struct refusal {
        eddy_tls_options options;
        int rc;
        const char *sentence, *file, *other;
};

static void refuses(void)
{
        const eddy_tls_certificate no_file = {.key_file = leaf_key};
        const struct refusal refusals[] = {
            {{0}, -EINVAL, "a server needs a certificate", NULL, NULL},
            {{.certificate_file = leaf.path, .ca_file = root.path},
             -EINVAL,
             "whom to trust is said, and not that clients have to show a certificate: say verify",
             NULL,
             NULL},
            {{.certificate_file = leaf.path, .crl_file = empty},
             -EINVAL,
             "whom to trust is said, and not that clients have to show a certificate: say verify",
             NULL,
             NULL},
            {{.certificate_file = missing},
             -ENOENT,
             "the certificate '%s': No such file or directory",
             missing,
             NULL},
            {{.certificate_file = leaf_certificate, .key_file = missing},
             -ENOENT,
             "the key '%s': No such file or directory",
             missing,
             NULL},
            {{.certificate_file = "/tmp"},
             -EINVAL,
             "the certificate '/tmp': the file holds none, as PEM",
             NULL,
             NULL},
            {{.certificate_file = prose},
             -EINVAL,
             "the certificate '%s': the file holds none, as PEM",
             prose,
             NULL},
            {{.certificate_file = leaf_certificate},
             -EINVAL,
             "the key '%s': the file holds none, as PEM",
             leaf_certificate,
             NULL},
            {{.certificate_file = leaf_certificate, .key_file = prose},
             -EINVAL,
             "the key '%s': the file holds none, as PEM",
             prose,
             NULL},
            {{.certificate_file = leaf_certificate, .key_file = www.path},
             -EINVAL,
             "the key '%s' does not belong to the certificate '%s'",
             www.path,
             leaf_certificate},
            {{.certificate_file = leaf_certificate, .key_file = rsa.path},
             -EINVAL,
             "the key '%s' does not belong to the certificate '%s'",
             rsa.path,
             leaf_certificate},
            {{.certificate_file = leaf.path, .verify = EDDY_TLS_VERIFY_REQUIRED, .ca_file = empty},
             -EINVAL,
             "the certificate of an issuer '%s': the file holds none, as PEM",
             empty,
             NULL},
            {{.certificate_file = leaf.path, .verify = EDDY_TLS_VERIFY_REQUIRED, .ca_file = missing},
             -ENOENT,
             "the certificate of an issuer '%s': No such file or directory",
             missing,
             NULL},
            {{.certificate_file = leaf.path, .verify = EDDY_TLS_VERIFY_OPTIONAL, .ca_directory = missing},
             -ENOENT,
             "the directory of issuers '%s': No such file or directory",
             missing,
             NULL},
            {{.certificate_file = leaf.path,
              .verify = EDDY_TLS_VERIFY_OPTIONAL,
              .ca_file = root.path,
              .crl_file = empty},
             -EINVAL,
             "the list of what was revoked '%s': the file holds none, as PEM",
             empty,
             NULL},
            {{.certificate_file = leaf.path, .verify = EDDY_TLS_VERIFY_REQUIRED},
             -EINVAL,
             "whose certificates are to be taken from clients is not said",
             NULL,
             NULL},
            {{.key_file = leaf_key}, -EINVAL, "there is a key, and no certificate that it is of", NULL, NULL},
            {{.certificate_file = leaf.path, .more = &no_file, .more_count = 1},
             -EINVAL,
             "one of more certificates has no file",
             NULL,
             NULL},
            {{.certificate_file = leaf.path, .lowest = EDDY_TLS_1_3, .highest = EDDY_TLS_1_2},
             -EINVAL,
             "the lowest version of TLS is above the highest",
             NULL,
             NULL},
            {{.certificate_file = leaf.path, .ciphers = "NOTHING"},
             -EINVAL,
             "there are no such ciphers: 'NOTHING'",
             NULL,
             NULL},
            {{.certificate_file = leaf.path, .alpn = (const char *const[]){"h2", "", NULL}},
             -EINVAL,
             "a protocol's name has from 1 to 255 bytes, and '' has 0",
             NULL,
             NULL},
            {{.certificate_file = leaf.path, .key_log_file = "/no/such/file"},
             -ENOENT,
             "the key log file '/no/such/file': No such file or directory",
             NULL,
             NULL},
        };

        for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
                const struct refusal *refusal = &refusals[i];
                char sentence[512];
                eddy_tls *tls = (eddy_tls *)&tls;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                snprintf(sentence, sizeof sentence, refusal->sentence, refusal->file, refusal->other);
#pragma GCC diagnostic pop
                assert_int_equal(eddy_tls_create_server(&tls, &refusal->options), refusal->rc);
                assert_string_equal(eddy_error_detail(), sentence);
                assert_null(tls);
                assert_int_equal(ERR_peek_error(), 0);
        }
}

static void names_of_hosts(void)
{
        static const char *const names[] = {".example.org", ".", "example org", "ex\xc3\xa4mple.org", NULL};
        eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
        eddy_tls *client = new_client(&(eddy_tls_options){.ca_file = root.path});
        char sentence[256], longest[300];
        struct meeting meeting = {.server = server, .client = client};

        for (size_t i = 0; names[i]; i++) {
                meeting.name = names[i];
                meet(&meeting);
                assert_int_equal(meeting.at_client.rc, -EINVAL);
                snprintf(sentence, sizeof sentence, "'%s' is no host name", names[i]);
                assert_string_equal(meeting.at_client.why, sentence);
        }
        memset(longest, 'a', sizeof longest - 1);
        longest[sizeof longest - 1] = '\0';
        meeting.name = longest;
        meet(&meeting);
        assert_int_equal(meeting.at_client.rc, -EINVAL);
        meeting.name = "";
        meet(&meeting);
        assert_int_equal(meeting.at_client.rc, -EINVAL);
        assert_string_equal(meeting.at_client.why, "for which host the certificate has to be is not said");
        meeting.name = "example.org";
        meeting.client = server;
        meet(&meeting);
        assert_int_equal(meeting.at_client.rc, -EINVAL);
        assert_string_equal(meeting.at_client.why, "a server's context is not for connecting to 'example.org'");
        eddy_tls_unref(server);
        eddy_tls_unref(client);
}

static void key_log(void)
{
        char path[128], line[512];
        eddy_tls *server, *client;
        struct stat info;
        unsigned count = 0;
        FILE *file;

        new_path(path);
        server = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
        for (int i = 0; i < 2; i++) {
                client = new_client(&(eddy_tls_options){.ca_file = root.path, .key_log_file = path});
                meet_well(server, client, NULL);
                eddy_tls_unref(client);
        }
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
        file = fopen(path, "r");
        assert_non_null(file);
        while (fgets(line, sizeof line, file)) {
                assert_int_equal(line[strlen(line) - 1], '\n');
                count += strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0;
        }
        assert_int_equal(count, 2);
        fclose(file);
        remove(path);
        eddy_tls_unref(server);
}

/* Names. */

static void several_certificates(void)
{
        const eddy_tls_certificate more[] = {{.file = www.path}};
        eddy_tls *server =
            new_server(&(eddy_tls_options){.certificate_file = leaf.path, .more = more, .more_count = 1});
        eddy_tls *client = new_client(&(eddy_tls_options){.ca_file = root.path});
        struct meeting meeting = {.server = server, .client = client, .name = "other.example"};

        assert_string_equal(meet_well(server, client, "www.example.org").at_client.subject, "CN=www");
        assert_string_equal(meet_well(server, client, "WWW.example.org").at_client.subject, "CN=www");
        assert_string_equal(meet_well(server, client, "example.org").at_client.subject, "CN=example.org");
        assert_string_equal(meet_well(server, client, "www.example.org").at_server.name, "www.example.org");
        meet_badly(&meeting, "the certificate is for example.org, not for other.example",
                   "the peer does not accept this side's certificate");
        eddy_tls_unref(server);
        eddy_tls_unref(client);
}

static eddy_tls *chosen;

static eddy_tls *choose(const char *name, void *arg)
{
        (void)arg;
        return name && strcmp(name, "www.example.org") == 0 ? chosen : NULL;
}

static void another_context(void)
{
        eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = leaf.path, .choose = choose});
        eddy_tls *nothing = new_server(&(eddy_tls_options){.choose = choose});
        eddy_tls *client = new_client(&(eddy_tls_options){.ca_file = root.path, .skips_host_name = true});
        eddy_tls *old = new_client(&(eddy_tls_options){.ca_file = root.path, .highest = EDDY_TLS_1_2});
        struct meeting meeting = {.server = server, .client = client, .name = "www.example.org"};

        chosen = new_server(&(eddy_tls_options){.certificate_file = www.path,
                                                .lowest = EDDY_TLS_1_3,
                                                .ca_file = root.path,
                                                .verify = EDDY_TLS_VERIFY_REQUIRED});
        meet_well(server, client, "example.org");
        meet_well(server, client, "");
        meet_badly(&meeting, "the peer wants a client certificate",
                   "the client has shown no certificate, and one is wanted");
        meeting.client = old;
        meet_badly(&meeting, "both sides have no version of TLS in common",
                   "both sides have no version of TLS in common");
        meet_well(server, old, "example.org");
        eddy_tls_unref(chosen);
        chosen = client;
        meeting.client = client;
        meet_badly(&meeting, "the peer knows no host of this name",
                   "the context that was chosen is a client's");
        meeting = (struct meeting){.server = nothing, .client = client, .name = "example.org"};
        meet_badly(&meeting, "the peer knows no host of this name",
                   "there is no certificate for 'example.org'");
        chosen = server;
        assert_string_equal(meet_well(nothing, client, "www.example.org").at_client.subject, "CN=example.org");
        eddy_tls_unref(server);
        eddy_tls_unref(nothing);
        eddy_tls_unref(client);
        eddy_tls_unref(old);
}

/* Connections that end, or do not begin. */

static intptr_t cut(eddy_stream *stream, void *arg)
{
        char byte;

        assert_int_equal(eddy_stream_start_tls(stream, arg, NULL), 0);
        eddy_stream_read(stream, &byte, 1);
        shutdown(eddy_stream_fd(stream), SHUT_WR);
        while (eddy_stream_read(stream, &byte, 1) > 0)
                ;
        return 0;
}

static void cut_streams(void)
{
        eddy_tls *server_tls = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
        eddy_server *server;

        assert_int_equal(eddy_start_server(&server, cut, server_tls, "127.0.0.1", 0, NULL), 0);
        for (int takes = 0; takes < 2; takes++) {
                eddy_tls *tls =
                    new_client(&(eddy_tls_options){.ca_file = root.path, .takes_cut_for_end = takes});
                eddy_connect_options options = {.tls = tls, .tls_name = "example.org"};
                eddy_stream *stream;
                char byte = '.';

                assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), &options),
                                 0);
                eddy_tls_unref(tls);
                assert_int_equal(eddy_stream_write_all(stream, &byte, 1), 1);
                assert_int_equal(eddy_stream_read(stream, &byte, 1), takes ? 0 : EDDY_EINCOMPLETE);
                eddy_stream_destroy(stream);
        }
        eddy_server_close(server);
        eddy_server_wait_closed(server);
        eddy_server_destroy(server);
        eddy_tls_unref(server_tls);
}

static void silent_peer(void)
{
        uint16_t port;
        int fd = listen_on_loopback(1, &port);
        eddy_tls *tls = new_client(&(eddy_tls_options){.handshake_timeout = eddy_ms(10)});
        eddy_connect_options options = {.tls = tls};
        eddy_stream *stream;

        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", port, &options), -ETIMEDOUT);
        assert_string_equal(eddy_explain(-ETIMEDOUT), "the peer did not agree on TLS within 0.01 s");
        close(fd);
        eddy_tls_unref(tls);
}

/* Misuse. */

static void assert_refused(int rc, const char *sentence)
{
        assert_int_equal(rc, -EINVAL);
        assert_string_equal(eddy_explain(rc), sentence);
}

/** Whoever has taken the one for the other hears of it at once, and not with each connection. */
static void other_side(void)
{
        static const char *const serving = "a client's context is not for serving",
                                 *const connecting = "a server's context is not for connecting",
                                 *host = "127.0.0.1";
        static const eddy_protocol protocol;
        eddy_tls *at_server = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
        eddy_tls *at_client = new_client(&(eddy_tls_options){.ca_file = root.path});
        const eddy_server_options serve = {.tls = at_client};
        const eddy_connect_options connect_as = {.tls = at_server, .tls_name = "example.org"};
        eddy_transport *transport;
        eddy_server *server;
        eddy_stream *stream;

        /* Neither a port nor a path is tried that is not there. */
        assert_refused(eddy_start_server(&server, cut, NULL, "no-such-host..invalid", 0, &serve), serving);
        assert_refused(eddy_start_unix_server(&server, cut, NULL, "/no/such/path", &serve), serving);
        assert_refused(eddy_create_server(&server, &protocol, NULL, NULL, host, 0, &serve), serving);
        assert_refused(eddy_create_unix_server(&server, &protocol, NULL, NULL, "@eddy-tls", &serve), serving);
        assert_null(server);
        assert_refused(eddy_open_connection(&stream, "no-such-host..invalid", 1, &connect_as), connecting);
        assert_refused(eddy_open_unix_connection(&stream, "/no/such/path", &connect_as), connecting);
        assert_null(stream);
        assert_refused(eddy_create_connection(&transport, &protocol, NULL, host, 1, &connect_as), connecting);
        assert_refused(eddy_create_unix_connection(&transport, &protocol, NULL, "/no/such/path", &connect_as),
                       connecting);
        assert_null(transport);
        eddy_tls_unref(at_server);
        eddy_tls_unref(at_client);
}

static int set_up(void **state)
{
        FILE *file;

        (void)state;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        leaf = issue(&(struct wish){.issuer = &root});
        rsa = issue(&(struct wish){.issuer = &root, .is_rsa = true});
        www = issue(&(struct wish){.name = "www", .names = "DNS:www.example.org", .issuer = &root});
        file = new_file(leaf_certificate);
        PEM_write_X509(file, leaf.certificate);
        fclose(file);
        file = new_file(leaf_key);
        PEM_write_PrivateKey(file, leaf.key, NULL, NULL, 0, NULL, NULL);
        fclose(file);
        file = new_file(encrypted_key);
        PEM_write_PrivateKey(file, leaf.key, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL, NULL);
        fclose(file);
        file = new_file(prose);
        fputs("Call me Ishmael.\n", file);
        fclose(file);
        fclose(new_file(empty));
        new_path(missing);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        remove(leaf_certificate);
        remove(leaf_key);
        remove(encrypted_key);
        remove(prose);
        remove(empty);
        forget_issued(&www);
        forget_issued(&rsa);
        forget_issued(&leaf);
        forget_issued(&root);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(two_files),
            scene_test(directory_of_issuers),
            scene_test(password),
            scene_test(refuses),
            scene_test(names_of_hosts),
            scene_test(key_log),
            scene_test(several_certificates),
            scene_test(another_context),
            scene_test(cut_streams),
            scene_test(silent_peer),
            scene_test(other_side),
        };

        return cmocka_run_group_tests_name("tls-context", tests, set_up, tear_down);
}
