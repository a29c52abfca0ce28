/* JSON in requests and answers, by jansson. */
#include "base/memory.h"
#include "http/beside.h"
#include "http/exchange.h"
#include <eddy/http_json.h>
#include <jansson.h>

enum {
        DEFAULT_LIMIT = 1024 * 1024,
        /* jansson goes down by recursion, and allows 2,048 levels, which is more than a coroutine's stack may have. */
        MOST_DEEP = 128,
        SHORT = 32 * 1024, /* what is longer is parsed by a thread: a MiB may take a quarter of a second */
        SMALL_SIZE = 2048, /* that needs no memory of its own */
};

/* How deep brackets are nested that are not within texts. */
static unsigned depth_of(const char *text, size_t n)
{
        unsigned depth = 0, deepest = 0;
        bool is_in_text = false;

        for (size_t i = 0; i < n; i++) {
                char c = text[i];

                if (is_in_text && c == '\\')
                        i++;
                else if (c == '"')
                        is_in_text = !is_in_text;
                else if (is_in_text)
                        continue;
                else if (c == '[' || c == '{')
                        deepest = ++depth > deepest ? depth : deepest;
                else if ((c == ']' || c == '}') && depth > 0)
                        depth--;
        }
        return deepest;
}

/* A text that is being parsed, and what comes of it. */
struct parsing {
        const char *text;
        size_t n;
        json_t *value;
        json_error_t error;
};

static intptr_t parse(void *arg)
{
        struct parsing *parsing = arg;

        parsing->value = json_loadb(parsing->text, parsing->n, JSON_DECODE_ANY, &parsing->error);
        return 0;
}

static int load(json_t **value, const char *text, size_t n)
{
        struct parsing parsing = {.text = text, .n = n};
        const json_error_t *error = &parsing.error;
        intptr_t result;

        if (depth_of(text, n) > MOST_DEEP)
                return eddy_fail(EDDY_EPROTOCOL, "JSON that is nested more than %d deep", MOST_DEEP);
        if (n <= SHORT || do_beside(NULL, "json", parse, &parsing, &result) < 0)
                parse(&parsing);
        *value = parsing.value;
        if (*value)
                return 0;
        if (json_error_code(error) == json_error_out_of_memory)
                return -ENOMEM;
        return eddy_fail(EDDY_EPROTOCOL, "no JSON: line %d, column %d: %s", error->line, error->column,
                         error->text);
}

int eddy_http_exchange_json(eddy_http_exchange *exchange, json_t **value, size_t limit)
{
        char *text;
        ssize_t n = eddy_http_exchange_read_all(exchange, &text, limit ? limit : DEFAULT_LIMIT);
        int rc;

        *value = NULL;
        if (n < 0)
                return (int)n;
        rc = load(value, text, (size_t)n);
        memory_free(text);
        return exchange_note_content(exchange, rc);
}

static int reply(eddy_http_exchange *exchange, int status, const char *text, size_t n)
{
        const eddy_http_answer answer = {
            .status = status,
            .content_type = "application/json",
            .body = text,
            .body_size = n,
        };

        return eddy_http_reply(exchange, &answer);
}

/* A text that does not fit into little memory. */
static int reply_long(eddy_http_exchange *exchange, int status, const json_t *value, size_t n)
{
        char *text = memory_alloc(n);
        int rc = -ENOMEM;

        if (text)
                rc = reply(exchange, status, text, json_dumpb(value, text, n, JSON_COMPACT | JSON_ENCODE_ANY));
        memory_free(text);
        return rc;
}

int eddy_http_reply_json(eddy_http_exchange *exchange, int status, json_t *value)
{
        char small[SMALL_SIZE];
        size_t n = value ? json_dumpb(value, small, sizeof small, JSON_COMPACT | JSON_ENCODE_ANY) : 0;
        int rc;

        if (n == 0)
                rc = eddy_fail(-EINVAL, "no value that JSON has: is what json_pack() was given right?");
        else if (n <= sizeof small)
                rc = reply(exchange, status, small, n);
        else
                rc = reply_long(exchange, status, value, n);
        json_decref(value);
        return rc;
}
