/* Forms with files, byte by byte: however a body is cut, it says the same. */
#include "../testing.h"
#include "http/multipart_parser.h"
#include "multipart_examples.h"

#include <stdio.h>

enum { HEAD_SIZE = 200, SAID_SIZE = 4096 };

/* What is said by a body that is being fed. */
struct listener {
        struct multipart_parser parser;
        char head[HEAD_SIZE];
        char said[SAID_SIZE];
        bool is_over; /* there is nothing more to say */
};

static void say(struct listener *listener, const char *text, size_t n)
{
        size_t size = strlen(listener->said);

        assert_true(size + n < SAID_SIZE);
        memcpy(listener->said + size, text, n);
        listener->said[size + n] = '\0';
}

static void say_head(struct listener *listener)
{
        const char *line = listener->parser.head;

        say(listener, "<", 1);
        for (; *line; line += strlen(line) + 1) {
                if (line > listener->parser.head)
                        say(listener, "|", 1);
                say(listener, line, strlen(line));
        }
        say(listener, ">", 1);
}

static void say_event(struct listener *listener, const struct multipart_piece *piece)
{
        if (piece->event == MULTIPART_PART)
                say_head(listener);
        else if (piece->event == MULTIPART_CONTENT)
                say(listener, piece->content, piece->size);
        else if (piece->event != MULTIPART_MORE)
                say(listener, piece->event == MULTIPART_PART_END ? "/" : ".", 1);
        listener->is_over |= piece->event == MULTIPART_END;
}

static void begin(struct listener *listener)
{
        *listener = (struct listener){.is_over = false};
        assert_int_equal(multipart_parser_init(&listener->parser, "B", listener->head, HEAD_SIZE), 0);
}

/* The bytes lie in memory of their size, so that a read behind them is seen. */
static void feed(struct listener *listener, const char *data, size_t n)
{
        char *exact = malloc(n + !n);
        size_t at = 0;

        memcpy(exact, data, n);
        while (at < n && strcspn(listener->said, "!+") == strlen(listener->said)) {
                struct multipart_piece piece;
                ssize_t rc = multipart_parser_feed(&listener->parser, exact + at, n - at, &piece);

                if (rc < 0) {
                        assert_true(*eddy_error_detail());
                        say(listener, rc == EDDY_ELIMIT ? "+" : rc == EDDY_EPROTOCOL ? "!" : "#", 1);
                        listener->is_over = true;
                        break;
                }
                assert_true((size_t)rc <= n - at && (rc > 0 || piece.event != MULTIPART_MORE));
                say_event(listener, &piece);
                at += (size_t)rc;
        }
        free(exact);
}

static void assert_said(struct listener *listener, const struct multipart_example *example, const char *how,
                        size_t where)
{
        if (!listener->is_over)
                say(listener, "?", 1);
        if (strcmp(listener->said, example->said) != 0)
                fail_msg("'%s' %s %zu: '%s' and not '%s'", example->body, how, where, listener->said,
                         example->said);
}

TEST(says_what_a_body_holds)
{
        for (size_t i = 0; i < MULTIPART_EXAMPLES; i++) {
                struct listener listener;

                begin(&listener);
                feed(&listener, multipart_examples[i].body, strlen(multipart_examples[i].body));
                assert_said(&listener, &multipart_examples[i], "whole", 0);
        }
}

TEST(says_the_same_wherever_it_is_cut)
{
        for (size_t i = 0; i < MULTIPART_EXAMPLES; i++) {
                const char *body = multipart_examples[i].body;
                size_t n = strlen(body);

                for (size_t cut = 0; cut <= n; cut++) {
                        struct listener listener;

                        begin(&listener);
                        feed(&listener, body, cut);
                        feed(&listener, body + cut, n - cut);
                        assert_said(&listener, &multipart_examples[i], "cut at", cut);
                }
        }
}

TEST(says_the_same_in_small_pieces)
{
        for (size_t i = 0; i < MULTIPART_EXAMPLES; i++) {
                const char *body = multipart_examples[i].body;
                size_t n = strlen(body);

                for (size_t size = 1; size < 8; size++) {
                        struct listener listener;

                        begin(&listener);
                        for (size_t at = 0; at < n; at += size)
                                feed(&listener, body + at, n - at < size ? n - at : size);
                        assert_said(&listener, &multipart_examples[i], "in pieces of", size);
                }
        }
}

TEST(takes_boundaries_that_are_some)
{
        static const char *const good[] = {
            "B",      "----WebKitFormBoundary7MA4YWxkTrZu0gW",
            "a b",    "'()+_,-./:=?0",
            "=_Part", "0123456789012345678901234567890123456789012345678901234567890123456789"};
        static const char *const bad[] = {
            "",          " ",
            "a ",        "a\r\nb",
            "a\"b",      "a;b",
            "a\xc3\xa4", "a\x01",
            "a*b",       "01234567890123456789012345678901234567890123456789012345678901234567890"};
        struct multipart_parser parser;
        char head[1];

        for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
                struct multipart_piece piece;
                char body[100];
                int n = snprintf(body, sizeof body, "--%s--", good[i]);

                assert_int_equal(multipart_parser_init(&parser, good[i], head, sizeof head), 0);
                assert_int_equal(multipart_parser_feed(&parser, body, (size_t)n, &piece), n);
                assert_int_equal(piece.event, MULTIPART_END);
        }
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_int_equal(multipart_parser_init(&parser, bad[i], head, sizeof head), -EINVAL);
}

/* Content of nothing but what may begin a delimiter is passed on in large pieces, and looked at a few times a byte: who begins
 * anew for each was held up for hours (CVE-2023-46136). */
TEST(hands_on_what_is_large_in_large_pieces)
{
        enum { SIZE = 1 << 20 };
        static const char *const patterns[] = {"\r", "\r\n", "\n", "-", "\r\n--", "\r\n-", "x\r\n--A"};

        for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
                size_t n = strlen(patterns[i]), size = SIZE / n * n, at = 0, content = 0;
                char *data = malloc(size);
                struct listener listener;
                unsigned events = 0;

                begin(&listener);
                feed(&listener, "--B\r\n\r\n", 7);
                for (size_t k = 0; k < size; k++)
                        data[k] = patterns[i][k % n];
                for (; at < size; events++) {
                        struct multipart_piece piece;
                        ssize_t rc = multipart_parser_feed(&listener.parser, data + at, size - at, &piece);

                        assert_true(rc > 0 || piece.event == MULTIPART_CONTENT);
                        at += (size_t)rc;
                        content += piece.size;
                }
                assert_in_range(content, size - 4, size);
                assert_in_range(events, 1, 8);
                free(data);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(says_what_a_body_holds),
            cmocka_unit_test(says_the_same_wherever_it_is_cut),
            cmocka_unit_test(says_the_same_in_small_pieces),
            cmocka_unit_test(takes_boundaries_that_are_some),
            cmocka_unit_test(hands_on_what_is_large_in_large_pieces),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
