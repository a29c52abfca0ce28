/* Access logs. */
#include "base/memory.h"
#include "base/sys_file.h"
#include <eddy/http_log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
        BUFFER_SIZE = 64 * 1024,
        MOST_OF_A_TEXT = 2048, /* that a client has sent */
};

struct eddy_http_log {
        int fd;
        eddy_http_log_format format;
        eddy_handle turn; /* writes what was gathered */
        uint64_t dropped;
        size_t size;
        char buffer[BUFFER_SIZE];
};

/* A line that is being written; what does not fit is counted alone. */
struct line {
        char *text;
        size_t room, size;
};

static void put(struct line *line, char c)
{
        if (line->size < line->room)
                line->text[line->size] = c;
        line->size++;
}

static void put_text(struct line *line, const char *text)
{
        while (*text)
                put(line, *text++);
}

__attribute__((format(printf, 2, 3))) static void put_format(struct line *line, const char *format, ...)
{
        char text[128];
        va_list values;

        va_start(values, format);
        vsnprintf(text, sizeof text, format, values);
        va_end(values);
        put_text(line, text);
}

/* How a byte is escaped. */
static const char in_text[] = "\\x%02x", in_json[] = "\\u%04x";

/* What somebody else has said, within quotation marks. */
static void put_foreign(struct line *line, const char *text, size_t n, const char *escape)
{
        bool is_cut = n > MOST_OF_A_TEXT;

        for (size_t i = 0; i < (is_cut ? MOST_OF_A_TEXT : n); i++) {
                char c = text[i];

                if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')
                        put(line, c);
                else
                        put_format(line, escape, (unsigned char)c);
        }
        if (is_cut)
                put_text(line, "...");
}

static const char *header(const eddy_http_access *access, const char *name)
{
        return access->exchange ? eddy_http_exchange_header(access->exchange, name) : NULL;
}

/* A header within quotation marks, or what stands for none. */
static void put_header(struct line *line, const eddy_http_access *access, const char *name, const char *escape,
                       const char *none)
{
        const char *value = header(access, name);

        if (!value) {
                put_text(line, none);
                return;
        }
        put(line, '"');
        put_foreign(line, value, strlen(value), escape);
        put(line, '"');
}

/* "192.0.2.1:80" and "[::1]:80" without the port, and a socket's name as it is. */
static void put_host(struct line *line, const char *peer)
{
        const char *end = strchr(peer, ':');

        if (*peer == '[')
                end = strchr(++peer, ']');
        else if (!end || strchr(end + 1, ':') || strchr(peer, '/'))
                end = peer + strlen(peer);
        if (!end || end == peer)
                put(line, '-');
        else
                put_foreign(line, peer, (size_t)(end - peer), in_text);
}

static void put_common(struct line *line, const eddy_http_access *access, time_t when)
{
        struct tm local;
        char date[32];

        strftime(date, sizeof date, "%d/%b/%Y:%T %z", localtime_r(&when, &local));
        put_host(line, access->peer);
        put_format(line, " - - [%s] \"", date);
        if (strcmp(access->method, "-") != 0) {
                put_format(line, "%s ", access->method);
                put_foreign(line, access->target, access->target_size, in_text);
                put_format(line, " %s", access->version);
        } else {
                put(line, '-');
        }
        put_format(line, "\" %d %lld", access->status, (long long)access->sent);
}

static void put_combined(struct line *line, const eddy_http_access *access, time_t when)
{
        put_common(line, access, when);
        put(line, ' ');
        put_header(line, access, "Referer", in_text, "\"-\"");
        put(line, ' ');
        put_header(line, access, "User-Agent", in_text, "\"-\"");
}

static void put_json(struct line *line, const eddy_http_access *access, time_t when)
{
        struct tm utc;
        char date[32];

        strftime(date, sizeof date, "%FT%TZ", gmtime_r(&when, &utc));
        put_format(line, "{\"time\":\"%s\",\"peer\":\"", date);
        put_foreign(line, access->peer, strlen(access->peer), in_json);
        put_format(line, "\",\"method\":\"%s\",\"target\":\"", access->method);
        put_foreign(line, access->target, access->target_size, in_json);
        put_format(line, "\",\"version\":\"%s\",\"status\":%d,\"sent\":%lld,\"took\":%lld.%06d",
                   access->version, access->status, (long long)access->sent,
                   (long long)(access->took / 1000000000), (int)(access->took % 1000000000 / 1000));
        put_text(line, ",\"referer\":");
        put_header(line, access, "Referer", in_json, "null");
        put_text(line, ",\"user_agent\":");
        put_header(line, access, "User-Agent", in_json, "null");
        put(line, '}');
}

size_t eddy_http_log_print(char *text, size_t size, eddy_http_log_format format, time_t when,
                           const eddy_http_access *access)
{
        struct line line = {text, size, 0};

        if (format == EDDY_HTTP_LOG_JSON)
                put_json(&line, access, when);
        else if (format == EDDY_HTTP_LOG_COMBINED)
                put_combined(&line, access, when);
        else
                put_common(&line, access, when);
        put(&line, '\n');
        if (size > 0)
                text[line.size < size ? line.size : size - 1] = '\0';
        return line.size;
}

int eddy_http_log_create(eddy_http_log **log, int fd, eddy_http_log_format format)
{
        *log = memory_alloc(sizeof **log);
        if (!*log)
                return -ENOMEM;
        memset(*log, 0, offsetof(eddy_http_log, buffer));
        (*log)->fd = fd;
        (*log)->format = format;
        return 0;
}

static void drop(eddy_http_log *log, size_t from)
{
        for (size_t i = from; i < log->size; i++)
                log->dropped += log->buffer[i] == '\n';
        log->size = from;
}

/* Write what was gathered. What a full pipe does not take yet stays. */
static void flush(void *arg)
{
        eddy_http_log *log = arg;
        size_t written = 0;
        ssize_t n = 0;

        while (written < log->size && (n >= 0 || n == -EINTR)) {
                n = sys_writev(log->fd, &(struct iovec){log->buffer + written, log->size - written}, 1);
                if (n > 0)
                        written += (size_t)n;
        }
        memmove(log->buffer, log->buffer + written, log->size - written);
        log->size -= written;
        if (n < 0 && n != -EAGAIN)
                drop(log, 0);
}

/* What can be written by nobody is dropped. */
static void flush_all(eddy_http_log *log)
{
        eddy_handle_cancel(&log->turn);
        flush(log);
        drop(log, 0);
}

void eddy_http_log_destroy(eddy_http_log *log)
{
        if (log)
                flush_all(log);
        memory_free(log);
}

void eddy_http_log_set_fd(eddy_http_log *log, int fd)
{
        flush_all(log);
        log->fd = fd;
}

uint64_t eddy_http_log_dropped(const eddy_http_log *log)
{
        return log->dropped;
}

/* Whether it fits behind what is there. */
static bool add(eddy_http_log *log, const eddy_http_access *access)
{
        size_t room = sizeof log->buffer - log->size;
        size_t n = eddy_http_log_print(log->buffer + log->size, room, log->format, time(NULL), access);

        if (n >= room)
                return false;
        log->size += n;
        return true;
}

void eddy_http_log_request(const eddy_http_access *access, void *arg)
{
        eddy_http_log *log = arg;

        if (!add(log, access)) {
                flush(log);
                log->dropped += !add(log, access);
        }
        if (!eddy_handle_pending(&log->turn) && eddy_call_soon(NULL, &log->turn, flush, log) < 0)
                flush(log);
}
