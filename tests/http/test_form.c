/* Queries and forms, decoded. */
#include "ask.h"
#include "http/body_source.h"

#include <eddy/http_form.h>
#include <eddy/http_multipart.h>

#define SHOWN_SIZE 256

/* Fields as text: "name=value|name=value", with NUL as "0". */
static const char *show(const eddy_http_fields *fields)
{
        static char text[SHOWN_SIZE];
        size_t n = 0;

        text[0] = '\0';
        for (size_t i = 0; i < eddy_http_fields_count(fields); i++) {
                const eddy_http_field *field = eddy_http_fields_at(fields, i);

                assert_int_equal(field->name[field->name_size], 0);
                assert_int_equal(field->value[field->value_size], 0);
                if (i > 0)
                        text[n++] = '|';
                for (size_t at = 0; at < field->name_size; at++)
                        text[n++] = field->name[at] ? field->name[at] : '0';
                text[n++] = '=';
                for (size_t at = 0; at < field->value_size; at++)
                        text[n++] = field->value[at] ? field->value[at] : '0';
                text[n] = '\0';
        }
        assert_true(n < sizeof text);
        return text;
}

static const struct {
        const char *text, *fields;
} tries[] = {
    {"", ""},
    {"a=1", "a=1"},
    {"a=1&b=2", "a=1|b=2"},
    {"a=1&a=2", "a=1|a=2"},
    {"a", "a="},
    {"a=", "a="},
    {"=x", "=x"},
    {"=", "="},
    {"&&a=1&&", "a=1"},
    {"a=b=c", "a=b=c"},
    {"a=x+y", "a=x y"},
    {"a+b=%2B", "a b=+"},
    {"%61%3D=%26", "a==&"},
    {"a=%C3%A4", "a=\xc3\xa4"},
    {"a=%c3%a4", "a=\xc3\xa4"},
    {"a=%00b", "a=0b"},
    {"a=\xe4", "a=\xe4"},
    {"a[]=1&a[]=2", "a[]=1|a[]=2"},
    /* what is no separator: golang/go #22641, and parameters smuggled past whoever takes it for none */
    {"a=1;b=2&c=3", "a=1;b=2|c=3"},
    /* what is no escape is kept, as browsers do */
    {"a=50%", "a=50%"},
    {"a=%", "a=%"},
    {"a=%4", "a=%4"},
    {"a=%zz%41", "a=%zzA"},
    {"a=%4&b=1", "a=%4|b=1"},
    {"a=%%41", "a=%A"},
    {"a=%u0041", "a=%u0041"},
    {"a=%2541", "a=%41"}, /* decoded once */
};

TEST(decodes)
{
        for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
                size_t n = strlen(tries[i].text);
                char *exact = malloc(n + !n); /* so that a read behind it is seen */
                eddy_http_fields *fields;

                memcpy(exact, tries[i].text, n);
                assert_int_equal(eddy_http_fields_parse(&fields, exact, n, NULL), 0);
                free(exact);
                assert_string_equal(show(fields), tries[i].fields);
                eddy_http_fields_destroy(fields);
        }
        eddy_http_fields_destroy(NULL);
}

TEST(finds_by_name)
{
        eddy_http_fields *fields;

        assert_int_equal(eddy_http_fields_parse(&fields, "a=1&b=2&a=3&A=4&a%00=5", 22, NULL), 0);
        assert_string_equal(eddy_http_fields_get(fields, "a"), "1");
        assert_string_equal(eddy_http_fields_get(fields, "A"), "4");
        assert_null(eddy_http_fields_get(fields, "c"));
        assert_null(eddy_http_fields_get(fields, ""));
        assert_string_equal(eddy_http_fields_find(fields, "a", 1)->value, "3");
        assert_null(eddy_http_fields_find(fields, "a", 2)); /* whose name has a NUL is another */
        assert_null(eddy_http_fields_at(fields, 5));
        eddy_http_fields_destroy(fields);
}

TEST(has_bounds)
{
        const eddy_http_fields_options few = {.max_fields = 2}, small = {.max_size = 3},
                                       none = {.max_fields = SIZE_MAX, .max_size = SIZE_MAX};
        static char many[4 * 1024 * 1024];
        eddy_http_fields *fields;

        assert_int_equal(eddy_http_fields_parse(&fields, "a&b", 3, &few), 0);
        eddy_http_fields_destroy(fields);
        assert_int_equal(eddy_http_fields_parse(&fields, "a&b&c", 5, &few), EDDY_ELIMIT);
        assert_null(fields);
        assert_int_equal(eddy_http_fields_parse(&fields, "a=b", 3, &small), 0);
        eddy_http_fields_destroy(fields);
        assert_int_equal(eddy_http_fields_parse(&fields, "a=bc", 4, &small), EDDY_ELIMIT);
        for (size_t i = 0; i < sizeof many; i++)
                many[i] = i % 2 ? '&' : 'x';
        assert_int_equal(eddy_http_fields_parse(&fields, many, sizeof many, NULL), EDDY_ELIMIT);
        assert_int_equal(eddy_http_fields_parse(&fields, many, 2002, NULL), EDDY_ELIMIT);
        assert_int_equal(eddy_http_fields_parse(&fields, many, 2000, NULL), 0);
        assert_int_equal(eddy_http_fields_count(fields), 1000);
        eddy_http_fields_destroy(fields);
        assert_int_equal(eddy_http_fields_parse(&fields, many, sizeof many, &none), 0);
        assert_int_equal(eddy_http_fields_count(fields), sizeof many / 2);
        eddy_http_fields_destroy(fields);
}

TEST(unescapes_in_place)
{
        char text[] = "a%2Fb+c%zz%";

        assert_int_equal(eddy_http_unescape(text, text, sizeof text - 1), 9);
        assert_memory_equal(text, "a/b+c%zz%", 9);
}

/** A body that comes in pieces. */
struct pieces {
        const char *text;
        size_t left, piece;
        int rc; /* behind them */
};

static ssize_t read_piece(void *of, void *buffer, size_t n)
{
        struct pieces *pieces = of;

        if (pieces->left == 0)
                return pieces->rc;
        n = n < pieces->piece ? n : pieces->piece;
        n = n < pieces->left ? n : pieces->left;
        memcpy(buffer, pieces->text, n);
        pieces->text += n;
        pieces->left -= n;
        return (ssize_t)n;
}

static int read_all(const char *text, size_t n, size_t piece, int rc, eddy_http_fields **fields,
                    const eddy_http_fields_options *options)
{
        struct pieces pieces = {text, n, piece, rc};

        return form_read((struct body_source){.read = read_piece, .of = &pieces}, fields, options);
}

TEST(reads_a_body)
{
        const eddy_http_fields_options small = {.max_size = 10000};
        static char large[100000];
        eddy_http_fields *fields;

        for (size_t piece = 1; piece < 12; piece++) {
                assert_int_equal(read_all("a=1&b=%41c", 10, piece, 0, &fields, NULL), 0);
                assert_string_equal(show(fields), "a=1|b=Ac");
                eddy_http_fields_destroy(fields);
        }
        assert_int_equal(read_all("", 0, 1, 0, &fields, NULL), 0);
        assert_int_equal(eddy_http_fields_count(fields), 0);
        eddy_http_fields_destroy(fields);
        memset(large, 'x', sizeof large);
        assert_int_equal(read_all(large, sizeof large, 999, 0, &fields, NULL), 0);
        assert_int_equal(eddy_http_fields_at(fields, 0)->name_size, sizeof large);
        eddy_http_fields_destroy(fields);
        assert_int_equal(read_all(large, sizeof large, 999, 0, &fields, &small), EDDY_ELIMIT);
        assert_null(fields);
        assert_int_equal(read_all("a=1", 3, 9, EDDY_EINCOMPLETE, &fields, NULL), EDDY_EINCOMPLETE);
        assert_null(fields);
}

TEST(fails_without_memory)
{
        eddy_http_fields *fields;
        int rc = -ENOMEM;

        for (unsigned long nth = 1; rc == -ENOMEM; nth++) {
                fault_arm(nth, 1);
                rc = read_all("a=1&b=2", 7, 3, 0, &fields, NULL);
                if (rc == 0)
                        assert_int_equal(fault_uses(), nth - 1);
                else
                        assert_null(fields);
        }
        fault_arm(0, 0);
        assert_int_equal(rc, 0);
        eddy_http_fields_destroy(fields);
}

/* What a handler sees of its request's query. */
static int show_query(eddy_http_exchange *exchange, void *arg)
{
        eddy_http_fields *fields;
        const char *text;
        int rc = eddy_http_exchange_query(exchange, &fields);

        (void)arg;
        if (rc < 0)
                return eddy_http_reply(exchange, &(eddy_http_answer){.status = 413});
        text = show(fields);
        rc = eddy_http_reply(exchange, &(eddy_http_answer){.body = text, .body_size = strlen(text)});
        eddy_http_fields_destroy(fields);
        return rc;
}

COROUTINE_TEST(a_handler_gets_its_requests_query)
{
        assert_answered(show_query, "GET / HTTP/1.1\r\n", "");
        assert_answered(show_query, "GET /? HTTP/1.1\r\n", "");
        assert_answered(show_query, "GET /a?b=c%20d&e?=/ HTTP/1.1\r\n", "b=c d|e?=/");
        assert_answered(show_query, "GET /%3Fa=1 HTTP/1.1\r\n", "");
}

static int refuse_others(eddy_http_exchange *exchange, void *arg)
{
        eddy_http_fields *fields;
        eddy_http_multipart *form;

        (void)arg;
        assert_int_equal(eddy_http_exchange_form(exchange, &fields, NULL), -EINVAL);
        assert_null(fields);
        assert_int_equal(eddy_http_multipart_open(&form, exchange, NULL), -EINVAL);
        assert_null(form);
        return eddy_http_reply(exchange, &(eddy_http_answer){.body = "415", .body_size = 3});
}

COROUTINE_TEST(what_is_no_form_is_not_read_as_one)
{
        assert_answered(refuse_others, "POST / HTTP/1.1\r\n", "415");
        assert_answered(refuse_others, "POST / HTTP/1.1\r\nContent-Type: application/json\r\n", "415");
        assert_answered(refuse_others,
                        "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded2\r\n", "415");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(decodes),
            cmocka_unit_test(finds_by_name),
            cmocka_unit_test(has_bounds),
            cmocka_unit_test(unescapes_in_place),
            cmocka_unit_test(reads_a_body),
            cmocka_unit_test(fails_without_memory),
            cmocka_unit_test(a_handler_gets_its_requests_query),
            cmocka_unit_test(what_is_no_form_is_not_read_as_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
