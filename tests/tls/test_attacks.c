/* What has been done to connections by TLS that both sides had agreed on: renegotiation, floods, and what nobody has encrypted. */
#include "stranger.h"

enum { MOST_UNSENT = 128 * 1024, FLOOD = 1024 * 1024, SILENCE = 2000 };

struct conversation {
        struct ours ours;
        int fd;
        SSL *ssl;
};

/** Agree with a stranger. */
static void agree(struct conversation *with, bool is_server, int version)
{
        struct ours *ours = &with->ours;

        with->fd = meet_stranger(ours, is_server ? server_tls : client_tls, is_server);
        with->ssl = new_stranger(with->fd, !is_server, version);
        SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(with->ssl), note_secret);
        assert_int_equal(shake_hands_with(with->ssl), 1);
        until(ours->has_agreed);
}

static void part(struct conversation *with)
{
        part_from_stranger(&with->ours);
        forget_stranger(with->ssl);
        close(with->fd);
}

/* Renegotiation. */

static void by_a_client(void)
{
        struct conversation with;

        agree(&with, true, TLS1_2_VERSION);
        assert_int_equal(write_by(with.ssl, "a"), 1);
        until(with.ours.heard == 1);
        assert_int_equal(SSL_renegotiate(with.ssl), 1);
        assert_true(shake_hands_with(with.ssl) <= 0);
        assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
        ERR_clear_error();
        until(with.ours.is_over); /* for OpenSSL does not go on without */
        assert_failed(&with.ours, EDDY_ETLS, "the peer does not agree to go on");
        assert_int_equal(with.ours.heard, 1);
        part(&with);
}

static void by_a_server(void)
{
        struct conversation with;
        char byte;
        int rc;

        agree(&with, false, TLS1_2_VERSION);
        for (int i = 0; i < 10; i++) {
                assert_int_equal(SSL_renegotiate(with.ssl), 1);
                assert_int_equal(SSL_do_handshake(with.ssl), 1);
        }
        assert_int_equal(write_by(with.ssl, "b"), 1);
        until(with.ours.heard == 1); /* which goes on */
        do
                rc = SSL_read(with.ssl, &byte, 1);
        while (comes_again(with.ssl, rc));
        assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
        ERR_clear_error();
        until(with.ours.is_over);
        assert_failed(&with.ours, EDDY_ETLS, "the peer does not agree to go on");
        part(&with);
}

/* Floods. */

/** What a flood is of: a record at the place, its size. */
typedef size_t (*drop)(unsigned char *record);

static size_t empty_record(unsigned char *record)
{
        return forge(record, APPLICATION_DATA, "", 0);
}

static size_t warning(unsigned char *record)
{
        return forge(record, ALERT, (const char[]){WARNING, SSL_AD_USER_CANCELLED}, 2);
}

static size_t ticket(unsigned char *record)
{
        static const unsigned char message[] = {4, 0, 0, 14, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 't', 0, 0};

        return forge(record, HANDSHAKE, message, sizeof message);
}

/** Go on sending a record: whether something of it left. */
static bool send_more(int fd, const unsigned char *record, size_t n, size_t *sent)
{
        ssize_t more = *sent < n ? send(fd, record + *sent, n - *sent, MSG_NOSIGNAL) : 0;

        *sent += more > 0 ? (size_t)more : 0;
        return more > 0;
}

/** Send a flood until our side takes no more of it, or has failed: the most that waited there to leave.
 *
 * @param record  receives the last one of it, and `n` how much of that has not left
 */
static size_t send_flood(struct conversation *with, drop what, unsigned char record[64], size_t *n)
{
        size_t most = 0, total = 0, size = 0, sent = 0;

        for (unsigned silent = 0; !with->ours.is_over && silent < SILENCE && total < FLOOD; silent++) {
                if (sent == size) {
                        total += size;
                        size = what(record);
                        sent = 0;
                }
                if (send_more(with->fd, record, size, &sent))
                        silent = 0;
                else
                        eddy_yield();
                if (eddy_stream_write_buffer_size(with->ours.stream) > most)
                        most = eddy_stream_write_buffer_size(with->ours.stream);
        }
        *n = size - sent;
        memmove(record, record + sent, *n);
        return most;
}

/** What says nothing is taken for a while. */
static void of_nothing(void)
{
        static const struct {
                drop what;
                bool is_server;
        } floods[] = {
            {empty_record, true}, {empty_record, false}, {warning, true}, {warning, false}, {ticket, true}};

        for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
                struct conversation with;
                unsigned char record[64];
                size_t n;

                agree(&with, floods[i].is_server, TLS1_3_VERSION);
                send_flood(&with, floods[i].what, record, &n);
                until(with.ours.is_over);
                assert_failed(&with.ours, EDDY_ETLS, NULL);
                part(&with);
        }
}

/** A client is given any number of tickets, of which it keeps the last. */
static void of_tickets(void)
{
        struct conversation with;
        unsigned char record[64];

        agree(&with, false, TLS1_3_VERSION);
        for (int i = 0; i < 2000; i++) {
                size_t n = ticket(record);

                assert_int_equal(send_to(&with.ours, with.fd, record, n), n);
        }
        send_to(&with.ours, with.fd, record, forge(record, APPLICATION_DATA, "x", 1));
        until(with.ours.heard == 1);
        send_to(&with.ours, with.fd, record, forge(record, ALERT, (const char[]){WARNING, CLOSE_NOTIFY}, 2));
        until(with.ours.is_over);
        assert_int_equal(with.ours.rc, 0);
        part(&with);
}

/** Who wants answers and takes none is not listened to either; and goes on where it stopped. */
static void of_questions(void)
{
        for (int is_server = 0; is_server < 2; is_server++) {
                struct conversation with;
                unsigned char record[128];
                size_t n, sent = 0;

                agree(&with, is_server, TLS1_3_VERSION);
                assert_in_range(send_flood(&with, forge_key_update, record, &n), MOST_UNSENT / 4, MOST_UNSENT);
                n += forge(record + n, APPLICATION_DATA, "x", 1);
                while (with.ours.heard == 0 && !with.ours.is_over) {
                        char answers[4096];

                        send_more(with.fd, record, n, &sent);
                        recv(with.fd, answers, sizeof answers, 0);
                        eddy_yield();
                }
                assert_int_equal(with.ours.heard, 1);
                shutdown(with.fd, SHUT_RDWR);
                part(&with);
        }
}

/* What nobody has encrypted. */

static void in_the_clear(void)
{
        static const struct {
                const char *bytes;
                size_t size;
        } plain[] = {
            {"\x15\x03\x03\0\2\1\0", 7},     /* an end, which somebody in between would like to be one */
            {"\x15\x03\x03\0\2\2\x28", 7},   /* a failure */
            {"\x17\x03\x03\0\1x", 6},        /* a byte */
            {"\x16\x03\x03\0\4\0\0\0\0", 9}, /* a wish to begin anew */
            {"\x17\x03\x03\xff\xff", 5},     /* a record that is longer than any */
            {"\x17\x03\x03\0\0", 5},         /* and one that is shorter */
            {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 28}, /* no TLS at all */
        };

        for (size_t i = 0; i < 2 * sizeof plain / sizeof plain[0]; i++) {
                struct conversation with;

                agree(&with, i % 2, TLS1_3_VERSION);
                send_to(&with.ours, with.fd, plain[i / 2].bytes, plain[i / 2].size);
                until(with.ours.is_over);
                assert_int_equal(with.ours.rc, EDDY_ETLS);
                assert_string_not_equal(with.ours.why, "");
                assert_int_equal(with.ours.heard, 0);
                part(&with);
        }
}

/** What middleboxes like to see before both sides have agreed (ChangeCipherSpec): behind that it is a failure, or as nothing. Which of
 * both differs with OpenSSL's versions. */
static void for_middleboxes(void)
{
        for (int is_server = 0; is_server < 2; is_server++) {
                struct conversation with;

                agree(&with, is_server, TLS1_3_VERSION);
                send_to(&with.ours, with.fd, "\x14\x03\x03\0\1\1", 6);
                shutdown(with.fd, SHUT_WR);
                until(with.ours.is_over);
                assert_true(with.ours.rc == EDDY_ETLS || with.ours.rc == EDDY_EINCOMPLETE);
                assert_int_equal(with.ours.heard, 0);
                part(&with);
        }
}

/** What comes behind an end is not shown. */
static void behind_the_end(void)
{
        struct conversation with;
        unsigned char records[128];
        size_t n;

        agree(&with, true, TLS1_3_VERSION);
        n = forge(records, ALERT, (const char[]){WARNING, CLOSE_NOTIFY}, 2);
        n += forge(records + n, APPLICATION_DATA, "behind", 6);
        send_to(&with.ours, with.fd, records, n);
        until(with.ours.is_over);
        assert_int_equal(with.ours.rc, 0);
        assert_int_equal(with.ours.heard, 0);
        part(&with);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(by_a_client),     scene_test(by_a_server),    scene_test(of_nothing),
            scene_test(of_tickets),      scene_test(of_questions),   scene_test(in_the_clear),
            scene_test(for_middleboxes), scene_test(behind_the_end),
        };

        return cmocka_run_group_tests_name("tls-attacks", tests, set_up_pair, tear_down_pair);
}
