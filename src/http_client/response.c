/* What a server answered: the headers are kept in one block, "Name\0value\0" each. */
#include "http_client/response.h"
#include "http_client/header.h"

#include "base/memory.h"
#include <string.h>
#include <strings.h>

enum { HEADERS_MAX = 256 * 1024, ROOM = 1024 };

void response_clear_headers(eddy_http_response *response)
{
        memory_free(response->headers);
        response->headers = NULL;
        response->headers_size = 0;
}

static const char *skip_blanks(const char *at, const char *end)
{
        while (at < end && (*at == ' ' || *at == '\t'))
                at++;
        return at;
}

static const char *trim_end(const char *start, const char *end)
{
        while (end > start && strchr(" \t\r\n", end[-1]))
                end--;
        return end;
}

/* Memory comes in pieces of this size, not anew for each header. */
static char *make_room(eddy_http_response *response, size_t size)
{
        size_t held = (response->headers_size + ROOM - 1) / ROOM, needed = (size + ROOM - 1) / ROOM;
        char *headers = response->headers;

        if (needed > held)
                headers = memory_realloc(headers, needed * ROOM);
        if (headers)
                response->headers = headers;
        return headers;
}

/* What has a blank or a line end of its own in it is none: whoever writes it on would write two lines. */
static bool is_name(const char *at, const char *end)
{
        for (; at < end; at++)
                if (*at <= ' ' || *at >= 0x7f)
                        return false;
        return true;
}

int response_add_header(eddy_http_response *response, const char *line, size_t size)
{
        const char *colon = memchr(line, ':', size);
        const char *end = trim_end(line, line + size);
        const char *value;
        size_t name_size, value_size;
        char *headers;

        if (!colon || colon == line || colon >= end || !is_name(line, colon))
                return 0;
        value = skip_blanks(colon + 1, end);
        name_size = (size_t)(colon - line);
        value_size = (size_t)(end - value);
        size = response->headers_size + name_size + 1 + value_size + 1;
        if (size > HEADERS_MAX)
                return EDDY_ELIMIT;
        headers = make_room(response, size);
        if (!headers)
                return -ENOMEM;
        headers += response->headers_size;
        memcpy(headers, line, name_size);
        headers[name_size] = '\0';
        memcpy(headers + name_size + 1, value, value_size);
        headers[name_size + 1 + value_size] = '\0';
        response->headers_size = size;
        return 0;
}

const char *eddy_http_response_header(const eddy_http_response *response, const char *name)
{
        const char *at = response->headers, *end = at + response->headers_size;
        size_t size = strlen(name);

        while (at < end) {
                size_t name_size = strlen(at);
                const char *value = at + name_size + 1;

                if (name_size == size && strcasecmp(at, name) == 0)
                        return value;
                at = value + strlen(value) + 1;
        }
        return NULL;
}

const char *eddy_http_response_header_at(const eddy_http_response *response, unsigned place, const char **value)
{
        const char *at = response->headers, *end = at + response->headers_size;

        for (; at < end; place--) {
                const char *behind = at + strlen(at) + 1;

                if (place == 0) {
                        *value = behind;
                        return at;
                }
                at = behind + strlen(behind) + 1;
        }
        return NULL;
}

/* "5", or the same several times over, "5, 5", as where two have put it there. */
static bool take_lengths(const char *at, int64_t *length)
{
        for (;; at++) {
                int64_t one;

                at = header_parse_number(at + strspn(at, " \t"), &one);
                if (!at || (*length >= 0 && one != *length))
                        return false;
                *length = one;
                at += strspn(at, " \t");
                if (*at != ',')
                        return *at == '\0';
        }
}

/* In one pass, however many headers there are. */
int response_find_length(const eddy_http_response *response, int64_t *length)
{
        const char *at = response->headers, *end = at + response->headers_size;

        *length = -1;
        while (at < end) {
                const char *value = at + strlen(at) + 1;

                if (strcasecmp(at, "content-length") == 0 && !take_lengths(value, length))
                        return -EINVAL;
                at = value + strlen(value) + 1;
        }
        return 0;
}

int64_t response_announced_length(const eddy_http_response *response, int64_t length, bool is_coded)
{
        if (response->status == 204 || response->status == 304)
                return 0;
        return is_coded || eddy_http_response_header(response, "transfer-encoding") ? -1 : length;
}

void response_restart(eddy_http_response *response)
{
        response_clear_headers(response);
        memory_free(response->url);
        *response = (eddy_http_response){.length = -1};
}

int response_set_url(eddy_http_response *response, const char *url)
{
        memory_free(response->url);
        response->url = memory_strdup(url);
        return response->url ? 0 : -ENOMEM;
}
