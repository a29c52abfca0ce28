/* What a handler asks of its request. */
#include "base/memory.h"
#include "http/exchange.h"
#include <limits.h>
#include <strings.h>

/* Behind each span lies a blank or a line end, which has been parsed: room to terminate it where it is. */
static const char *terminated(const eddy_http_exchange *exchange, struct http_span span)
{
        char *text = exchange->head + span.at;

        text[span.size] = '\0';
        return text;
}

const char *eddy_http_exchange_method(const eddy_http_exchange *exchange)
{
        return llhttp_method_name((llhttp_method_t)exchange->request->method);
}

const char *eddy_http_exchange_target(eddy_http_exchange *exchange)
{
        return terminated(exchange, exchange->request->target);
}

const char *eddy_http_exchange_header(eddy_http_exchange *exchange, const char *name)
{
        struct http_span value;

        return http_request_header(exchange->request, exchange->head, name, &value)
                   ? terminated(exchange, value)
                   : NULL;
}

const char *eddy_http_exchange_header_at(eddy_http_exchange *exchange, unsigned index, const char **name)
{
        const struct http_header *header;

        if (index >= exchange->request->header_count)
                return NULL;
        header = &exchange->request->headers[index];
        if (name)
                *name = terminated(exchange, header->name);
        return terminated(exchange, header->value);
}

const char *eddy_http_exchange_header_nth(eddy_http_exchange *exchange, const char *name, unsigned nth)
{
        const char *value, *line_name;

        for (unsigned i = 0; (value = eddy_http_exchange_header_at(exchange, i, &line_name)); i++)
                if (strcasecmp(line_name, name) == 0 && nth-- == 0)
                        break;
        return value;
}

int eddy_http_exchange_peer(const eddy_http_exchange *exchange, eddy_address *address)
{
        int fd = exchange->impl->fd(exchange);
        const char *text = exchange->impl->peer(exchange);

        if (fd >= 0)
                return eddy_address_of_peer(address, fd);
        return text && eddy_address_parse(address, text) == 0 ? 0 : -ENOTCONN;
}

int64_t eddy_http_exchange_length(eddy_http_exchange *exchange)
{
        return exchange->body_length > 0 && decoding_is_needed(exchange) ? -1 : exchange->body_length;
}

const char *eddy_http_exchange_trailer(eddy_http_exchange *exchange, const char *name)
{
        size_t size = strlen(name);
        const char *line = exchange->trailers, *end = line + exchange->trailers_size;

        for (; line < end; line += strlen(line) + 1)
                if (strncasecmp(line, name, size) == 0 && line[size] == ':')
                        return line + size + 1 + strspn(line + size + 1, " \t");
        return NULL;
}

ssize_t eddy_http_exchange_read(eddy_http_exchange *exchange, void *buffer, size_t n)
{
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        while (rc == 0 && exchange->body_error == 0) {
                ssize_t size = decoding_is_needed(exchange) ? decoding_read(exchange, buffer, n)
                                                            : exchange_take(exchange, buffer, n);

                if (size >= 0)
                        return size;
                if (size != EDDY_PENDING)
                        exchange->body_error = (int)size;
                else
                        rc = exchange_wait_for_bytes(exchange);
        }
        return rc < 0 ? rc : exchange->body_error;
}

int exchange_check_length(eddy_http_exchange *exchange, size_t most)
{
        int64_t length = eddy_http_exchange_length(exchange);

        if (length <= 0 || (uint64_t)length <= most)
                return 0;
        exchange->body_error = EDDY_ELIMIT;
        return EDDY_ELIMIT;
}

/* Write the next piece of a body of which so much may come: how many bytes, 0 at its end, or the error. */
static ssize_t write_piece(eddy_http_exchange *exchange, eddy_file *file, char *piece, size_t size,
                           int64_t left)
{
        ssize_t n = eddy_http_exchange_read(exchange, piece, size);

        if (n <= 0)
                return n;
        return n > left ? exchange_note_content(exchange, EDDY_ELIMIT)
                        : eddy_file_write_all(file, piece, (size_t)n);
}

int64_t eddy_http_exchange_read_to_file(eddy_http_exchange *exchange, eddy_file *file, int64_t limit)
{
        enum { PIECE = 128 * 1024 };
        int64_t total = 0;
        ssize_t n = exchange_check_length(exchange, limit > 0 ? (size_t)limit : 0);
        char *piece;

        if (n < 0)
                return n;
        piece = memory_alloc(PIECE);
        if (!piece)
                return -ENOMEM;
        while ((n = write_piece(exchange, file, piece, PIECE, limit - total)) > 0)
                total += n;
        memory_free(piece);
        return n < 0 ? n : total;
}

/* A buffer that grows as a body comes, so that who only says that much will come gets no memory for it. */
struct whole {
        char *data;
        size_t size, capacity;
};

static int make_room(struct whole *whole, size_t limit)
{
        enum { AT_FIRST = 4096 };
        size_t capacity = whole->capacity ? 2 * whole->capacity : AT_FIRST;
        char *data;

        if (whole->size < whole->capacity)
                return 0;
        if (capacity > limit)
                capacity = limit + 1; /* to see that there is more */
        data = memory_realloc(whole->data, capacity + 1);
        if (!data)
                return -ENOMEM;
        whole->data = data;
        whole->capacity = capacity;
        return 0;
}

static ssize_t read_whole(eddy_http_exchange *exchange, struct whole *whole, size_t limit)
{
        ssize_t n = exchange_check_length(exchange, limit);

        if (n < 0)
                return n;
        do {
                n = make_room(whole, limit);
                if (n == 0)
                        n = eddy_http_exchange_read(exchange, whole->data + whole->size,
                                                    whole->capacity - whole->size);
                if (n > 0)
                        whole->size += (size_t)n;
                if (whole->size > limit)
                        n = exchange->body_error = EDDY_ELIMIT;
        } while (n > 0);
        return n;
}

ssize_t eddy_http_exchange_read_all(eddy_http_exchange *exchange, char **body, size_t limit)
{
        struct whole whole = {.data = NULL};
        ssize_t rc;

        *body = NULL;
        if (limit > SSIZE_MAX - 2)
                limit = SSIZE_MAX - 2;
        rc = read_whole(exchange, &whole, limit);
        if (rc < 0) {
                memory_free(whole.data);
                return rc;
        }
        whole.data[whole.size] = '\0';
        *body = whole.data;
        return (ssize_t)whole.size;
}
