/* Those with whom no agreement is had: of old versions and broken ciphers, who choose what was not offered, say too much, too little, or
 * nothing. Each is refused with its sentence. */
#include "helpers.h"
#include "messages.h"

static const char no_version[] = "both sides have no version of TLS in common",
                  no_cipher[] = "both sides have no cipher in common",
                  no_tls[] = "the peer speaks no TLS: it sent what is none",
                  has_closed[] = "the peer closed the connection before both sides agreed on TLS";

/* Of clients. */

static const struct {
        struct hello hello;
        const char *why;
        unsigned char alert;
} hellos[] = {
    {{.version = 0x0300}, no_version, SSL_AD_HANDSHAKE_FAILURE},
    {{.version = 0x0301}, no_version, SSL_AD_PROTOCOL_VERSION},
    {{.version = 0x0302}, no_version, SSL_AD_PROTOCOL_VERSION},
    {{.extensions = "\0\x2b\0\5\4\3\2\3\1", .extensions_size = 9}, no_version, SSL_AD_PROTOCOL_VERSION},
    {{.ciphers = "\0\4\0\5\xc0\x07\xc0\x11", .ciphers_size = 8}, no_cipher, SSL_AD_HANDSHAKE_FAILURE}, /* RC4 */
    {{.ciphers = "\0\x0a\xc0\x08\xc0\x12", .ciphers_size = 6}, no_cipher, SSL_AD_HANDSHAKE_FAILURE}, /* 3DES */
    {{.ciphers = "\xc0\x09\xc0\x0a\xc0\x23\xc0\x24\xc0\x13", .ciphers_size = 10},
     no_cipher,
     SSL_AD_HANDSHAKE_FAILURE}, /* CBC */
    {{.ciphers = "\0\1\0\2\0\x3b\xc0\6\xc0\x10", .ciphers_size = 10},
     no_cipher,
     SSL_AD_HANDSHAKE_FAILURE}, /* nothing is encrypted */
    {{.ciphers = "\0\x18\0\x34\0\xa6\xc0\x18", .ciphers_size = 8},
     no_cipher,
     SSL_AD_HANDSHAKE_FAILURE}, /* with anybody */
    {{.ciphers = "\0\3\0\6\0\x08\0\x14", .ciphers_size = 8},
     no_cipher,
     SSL_AD_HANDSHAKE_FAILURE}, /* for export */
    {{.ciphers = "\0\x9c\0\x9d\0\x2f", .ciphers_size = 6},
     no_cipher,
     SSL_AD_HANDSHAKE_FAILURE}, /* not forward secret */
    /* A name that ends where C's texts do, and goes on behind. */
    {{.extensions = "\0\0\0\x0f\0\x0d\0\0\x0a"
                    "good\0.evil",
      .extensions_size = 19},
     NULL,
     SSL_AD_UNRECOGNIZED_NAME},
};

static void old_clients(void)
{
        for (size_t i = 0; i < sizeof hellos / sizeof hellos[0]; i++) {
                struct message hello = write_hello(&hellos[i].hello, false);
                unsigned char answer[256];
                struct ours ours;
                int fd = meet_stranger(&ours, server_tls, true);
                size_t n;

                send_to(&ours, fd, hello.bytes, hello.size);
                n = hear_to_end(&ours, fd, answer, sizeof answer);
                assert_failed(&ours, EDDY_ETLS, hellos[i].why);
                assert_int_equal(n, 7);
                assert_int_equal(answer[0], ALERT);
                assert_int_equal(answer[6], hellos[i].alert);
                close(fd);
        }
}

/** As of 1995, with a version in it that is good. */
static void oldest_client(void)
{
        static const char hello[] = "\x80\x1f\1\3\3\0\6\0\0\0\x10\0\xc0\x2b\0\xc0\x2frrrrrrrrrrrrrrrr";
        unsigned char answer[4096];
        struct ours ours;
        int fd = meet_stranger(&ours, server_tls, true);

        send_to(&ours, fd, hello, sizeof hello - 1);
        shutdown(fd, SHUT_WR);
        hear_to_end(&ours, fd, answer, sizeof answer);
        assert_failed(&ours, EDDY_ETLS, no_tls);
        close(fd);
}

/** Who offers it is answered without. */
static void nothing_is_compressed(void)
{
        struct message hello = write_hello(&(struct hello){.compresses = true}, false);
        unsigned char answer[4096];
        struct ours ours;
        int fd = meet_stranger(&ours, server_tls, true);
        size_t place = 9 + 2 + 32;

        send_to(&ours, fd, hello.bytes, hello.size);
        shutdown(fd, SHUT_WR);
        assert_true(hear_to_end(&ours, fd, answer, sizeof answer) > 100);
        assert_int_equal(answer[0], HANDSHAKE);
        assert_int_equal(answer[5], SERVER_HELLO);
        place += 1u + answer[place];
        assert_memory_equal(answer + place, "\xc0\x2b", 2);
        assert_int_equal(answer[place + 2], 0);
        assert_failed(&ours, EDDY_EINCOMPLETE, has_closed);
        close(fd);
}

/* Of servers. */

static const struct {
        struct hello hello;
        const char *why;
} answers[] = {
    {{.version = 0x0300}, no_version},
    {{.version = 0x0301}, no_version},
    {{.version = 0x0302}, no_version},
    {{.ciphers = "\0\5", .ciphers_size = 2}, NULL},
    {{.ciphers = "\xc0\x13", .ciphers_size = 2}, NULL},
    {{.ciphers = "\0\x34", .ciphers_size = 2}, NULL},
    {{.ciphers = "\x13\1", .ciphers_size = 2}, NULL},
    {{.compresses = true}, NULL},
    {{.end_of_random = "DOWNGRD\1"}, NULL},
    {{.end_of_random = "DOWNGRD\0"}, NULL},
    /* A protocol, of which nobody spoke. */
    {{.extensions = "\xff\1\0\1\0\0\x10\0\5\0\3\2h2", .extensions_size = 14}, NULL},
    {{.ciphers = "\x13\1", .ciphers_size = 2, .extensions = "\0\x2b\0\2\3\3", .extensions_size = 6}, NULL},
};

/** Have our client be answered in bytes. */
static struct ours answer_with(const void *bytes, size_t n)
{
        unsigned char said[4096];
        struct ours ours;
        int fd = meet_stranger(&ours, client_tls, false);

        send_to(&ours, fd, bytes, n);
        shutdown(fd, SHUT_WR);
        hear_to_end(&ours, fd, said, sizeof said);
        close(fd);
        return ours;
}

static void servers_of_their_own_choice(void)
{
        for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
                struct message hello = write_hello(&answers[i].hello, true);
                struct ours ours = answer_with(hello.bytes, hello.size);

                assert_failed(&ours, EDDY_ETLS, answers[i].why);
        }
}

/** A chain of 16 MiB is refused by its length: nobody waits for it, and has memory for it. */
static void endless_chain(void)
{
        struct message hello = write_hello(&(struct hello){0}, true);
        struct ours ours;

        add(&hello, "\x16\3\3\0\4\x0b\xff\xff\xff", 9);
        ours = answer_with(hello.bytes, hello.size);
        assert_failed(&ours, EDDY_ETLS, NULL);
}

static void long_chains(void)
{
        static const struct {
                int count;
                bool is_taken;
        } chains[] = {{50, true}, {500, false}};

        for (size_t i = 0; i < 4; i++) {
                bool is_server = i % 2;
                struct ours ours;
                eddy_tls *tls = is_server ? new_server(&(eddy_tls_options){.certificate_file = leaf.path,
                                                                           .ca_file = root.path,
                                                                           .verify = EDDY_TLS_VERIFY_REQUIRED})
                                          : eddy_tls_ref(client_tls);
                int fd = meet_stranger(&ours, tls, is_server);
                SSL *ssl = new_stranger(fd, !is_server, TLS1_3_VERSION);

                for (int k = 0; k < chains[i / 2].count; k++)
                        SSL_add1_chain_cert(ssl, root.certificate);
                while (!ours.is_over && !ours.has_agreed) {
                        SSL_do_handshake(ssl);
                        eddy_yield();
                }
                assert_int_equal(ours.has_agreed, chains[i / 2].is_taken);
                if (!ours.has_agreed)
                        assert_failed(&ours, EDDY_ETLS, NULL);
                shutdown(fd, SHUT_RDWR);
                part_from_stranger(&ours);
                forget_stranger(ssl);
                close(fd);
                eddy_tls_unref(tls);
        }
}

/* Who says too little. */

static eddy_tls *hasty(void)
{
        return new_server(&(eddy_tls_options){.certificate_file = leaf.path, .handshake_timeout = eddy_ms(10)});
}

/** Who says nothing, who says hello and nothing more, and who goes on saying a little. */
static void never_done(void)
{
        for (int i = 0; i < 3; i++) {
                struct message hello = write_hello(&(struct hello){0}, false);
                eddy_tls *tls = hasty();
                struct ours ours;
                int fd = meet_stranger(&ours, tls, true);

                if (i == 1)
                        send_to(&ours, fd, hello.bytes, hello.size);
                if (i == 2)
                        send_to(&ours, fd, "\x16\3\1\x3f\xff\1\0\x3f\xfb\3\3", 11);
                while (!ours.is_over) {
                        if (i == 2)
                                send_to(&ours, fd, "r", 1);
                        eddy_yield();
                }
                assert_int_equal(ours.rc, -ETIMEDOUT);
                part_from_stranger(&ours);
                close(fd);
                eddy_tls_unref(tls);
        }
}

/** Nothing of which there may be any number keeps the loop busy. */
static void much_of_nothing(void)
{
        static const struct {
                const char *record;
                size_t size;
                bool is_server;
                const char *why;
        } much[] = {
            {"\x16\3\3\0\0", 5, true, NULL},
            {"\x16\3\3\0\0", 5, false, NULL},
            {"\x14\3\3\0\1\1", 6, true, no_tls},
            {"\x14\3\3\0\1\1", 6, false, no_tls},
            {"\x15\3\3\0\2\1\x5a", 7, true, NULL},
            {"\x15\3\3\0\2\1\x5a", 7, false, NULL},
            {"\x16\3\3\0\4\0\0\0\0", 9, true, NULL},
            {"\x16\3\3\0\4\0\0\0\0", 9, false, has_closed}, /* it was said already */
            {"\x17\3\3\0\0", 5, true, no_tls},
            {"\x17\3\3\0\0", 5, false, no_tls},
        };

        for (size_t i = 0; i < sizeof much / sizeof much[0]; i++) {
                unsigned char said[4096];
                struct ours ours;
                int fd = meet_stranger(&ours, much[i].is_server ? server_tls : client_tls, much[i].is_server);

                for (int k = 0; k < 20000 && !ours.is_over; k++)
                        send_to(&ours, fd, much[i].record, much[i].size);
                assert_int_equal(ours.is_over,
                                 much[i].why != has_closed); /* it costs no more than to read it */
                shutdown(fd, SHUT_WR);
                hear_to_end(&ours, fd, said, sizeof said);
                assert_failed(&ours, much[i].why == has_closed ? EDDY_EINCOMPLETE : EDDY_ETLS, much[i].why);
                close(fd);
        }
}

/** An end, in place of an agreement. */
static void ended_meanwhile(void)
{
        static const char end[] = "\x15\3\3\0\2\1";

        for (int is_server = 0; is_server < 2; is_server++) {
                struct message hello = write_hello(&(struct hello){0}, !is_server);
                unsigned char said[4096];
                struct ours ours;
                int fd = meet_stranger(&ours, is_server ? server_tls : client_tls, is_server);

                send_to(&ours, fd, hello.bytes, hello.size);
                send_to(&ours, fd, end, sizeof end);
                hear_to_end(&ours, fd, said, sizeof said);
                assert_failed(&ours, EDDY_EINCOMPLETE, has_closed);
                close(fd);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(old_clients),
            scene_test(oldest_client),
            scene_test(nothing_is_compressed),
            scene_test(servers_of_their_own_choice),
            scene_test(endless_chain),
            scene_test(long_chains),
            scene_test(never_done),
            scene_test(much_of_nothing),
            scene_test(ended_meanwhile),
        };

        return cmocka_run_group_tests_name("tls-strangers", tests, set_up_pair, tear_down_pair);
}
