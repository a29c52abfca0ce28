/* Server-sent events, as the HTML standard has them. */
#include "base/memory.h"
#include "http/exchange.h"
#include <stdio.h>
#include <string.h>

/* What is written goes here; without memory, nothing more. */
struct text {
        char *data;
        size_t size, capacity;
        bool has_failed;
};

static void add(struct text *text, const char *data, size_t n)
{
        if (text->has_failed)
                return;
        if (n > text->capacity - text->size) {
                size_t capacity = 2 * text->capacity + n + 64;
                char *grown = memory_realloc(text->data, capacity);

                text->has_failed = !grown;
                if (!grown)
                        return;
                text->data = grown;
                text->capacity = capacity;
        }
        memcpy(text->data + text->size, data, n);
        text->size += n;
}

static void add_field(struct text *text, const char *name, const char *value, size_t n)
{
        add(text, name, strlen(name));
        add(text, value, n);
        add(text, "\n", 1);
}

/* Each of its lines is a field: whichever way they end. */
static void add_data(struct text *text, const char *data)
{
        for (;;) {
                size_t n = strcspn(data, "\r\n");

                add_field(text, "data: ", data, n);
                data += n;
                if (*data == '\0')
                        return;
                data += data[0] == '\r' && data[1] == '\n' ? 2 : 1;
        }
}

static bool is_line(const char *value)
{
        return !value || value[strcspn(value, "\r\n")] == '\0';
}

static void write_event(struct text *text, const eddy_http_event *event)
{
        char retry[32];

        if (event->name)
                add_field(text, "event: ", event->name, strlen(event->name));
        if (event->id)
                add_field(text, "id: ", event->id, strlen(event->id));
        if (event->retry > 0)
                add_field(
                    text, "retry: ", retry,
                    (size_t)snprintf(retry, sizeof retry, "%lld", (long long)(event->retry / eddy_ms(1))));
        if (event->data)
                add_data(text, event->data);
        else if (text->size == 0)
                add(text, ":\n", 2);
        add(text, "\n", 1);
}

int eddy_http_reply_event(eddy_http_exchange *exchange, const eddy_http_event *event)
{
        const eddy_http_answer begin = {
            .content_type = "text/event-stream",
            .headers = (const char *const[]){"Cache-Control: no-cache", NULL},
        };
        struct text text = {.data = NULL};
        int rc = 0;

        if (!is_line(event->name) || !is_line(event->id))
                return -EINVAL;
        if (exchange->answer == ANSWER_NONE)
                rc = eddy_http_reply_begin(exchange, &begin);
        if (rc < 0)
                return rc;
        write_event(&text, event);
        rc = text.has_failed ? -ENOMEM : eddy_http_reply_write(exchange, text.data, text.size);
        memory_free(text.data);
        return rc;
}
