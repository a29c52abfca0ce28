/* What passes of an answer's head: lines, where they lie in the buffer, or as they are to be seen in proxy->text. */
#include "http/proxy.h"

#include "http/strict.h"
#include <eddy/error.h>
#include <strings.h>

/* Where lines go that are not as the server had them. */
struct rewriting {
        char *at;
        size_t room;
};

/* "Name: value" becomes a text of its own, for behind it lies a line end. */
static char *terminate(char *text, const struct http_header *header)
{
        uint32_t end = header->value.size > 0 ? header->value.at + header->value.size
                                              : header->name.at + header->name.size + 1;

        text[end] = '\0';
        return text + header->name.at;
}

/* A line by which the server may name itself: as it is, or in its place one that names the proxy. */
static const char *rewrite(const struct proxy_pass *pass, struct rewriting *to, const char *line,
                           const struct http_header *header, enum proxy_field field)
{
        const char *value = line + header->value.at - header->name.at, *rewritten = to->at;
        size_t name = header->name.size + 2, n;

        if (pass->proxy->options.keeps_locations || header->value.size == 0 || to->room < name)
                return line;
        n = field == PROXY_FIELD_LOCATION ? proxy_location_rewrite(pass, value, to->at + name, to->room - name)
                                          : proxy_cookie_rewrite(pass, value, to->at + name, to->room - name);
        if (n == 0)
                return line;
        memcpy(to->at, line, name - 2);
        memcpy(to->at + name - 2, ": ", 2);
        to->at += name + n + 1;
        to->room -= name + n + 1;
        return rewritten;
}

/* How long a connection may wait, as its server has it: "timeout=5". A second less, for the way there. */
static void note_keep_alive(struct proxy_connection *connection, const char *value, size_t n)
{
        const char *at = value, *end = value + n, *member;

        while (proxy_list_next(&at, end, &member, &n)) {
                eddy_duration seconds = 0;

                if (n < 9 || n > 14 || strncasecmp(member, "timeout=", 8) != 0)
                        continue;
                for (size_t i = 8; i < n && member[i] >= '0' && member[i] <= '9'; i++)
                        seconds = 10 * seconds + (member[i] - '0');
                connection->best_before = eddy_time_add(eddy_loop_time(eddy_running_loop()),
                                                        (seconds > 0 ? seconds - 1 : 0) * eddy_seconds(1));
        }
}

/* An answer goes to no gateway's program, so that one with an underscore is another. */
static enum proxy_field field_of(const char *name, size_t n)
{
        return memchr(name, '_', n) ? PROXY_FIELD_PASSES : proxy_field_of(name, n);
}

/* Whether a header of an answer may be there: of those that are ours to say as well, once. */
static bool is_passed(const struct proxy_head *head, enum proxy_field field, unsigned *seen)
{
        bool is_first = !(*seen & 1u << field);

        *seen |= 1u << field;
        switch (field) {
        case PROXY_FIELD_PASSES:
        case PROXY_FIELD_VIA:
        case PROXY_FIELD_COOKIE:
        case PROXY_FIELD_AUTHORIZATION:
        case PROXY_FIELD_HOST:
        case PROXY_FIELD_EXPECT:
        case PROXY_FIELD_LOCATION:
        case PROXY_FIELD_SET_COOKIE:
        case PROXY_FIELD_FORWARDED:
        case PROXY_FIELD_FORWARDED_FOR:
        case PROXY_FIELD_FORWARDED_PROTO:
        case PROXY_FIELD_FORWARDED_HOST:
        case PROXY_FIELD_FORWARDED_ELSE:
                return true;
        case PROXY_FIELD_TYPE:
        case PROXY_FIELD_SERVER:
        case PROXY_FIELD_DATE:
                return is_first && head->status >= 200;
        case PROXY_FIELD_LENGTH:
                return head->status >= 200 && head->status != HTTP_STATUS_NO_CONTENT &&
                       head->status != HTTP_STATUS_RESET_CONTENT;
        case PROXY_FIELD_UPGRADE: /* of another answer it is about the server's connection */
                return head->status == HTTP_STATUS_SWITCHING_PROTOCOLS;
        default:
                return false;
        }
}

/* Where an answer ends, and what it changes to, is not to be hidden. */
static bool is_hidden(const struct proxy_pass *pass, const char *name, size_t n, enum proxy_field field)
{
        if (field == PROXY_FIELD_LENGTH || field == PROXY_FIELD_UPGRADE)
                return false;
        for (const char *const *hidden = pass->proxy->options.hidden; hidden && *hidden; hidden++)
                if (http_is_text(name, n, *hidden))
                        return true;
        return false;
}

int proxy_lines_find(struct proxy_pass *pass, char *text)
{
        struct proxy_connection *connection = pass->connection;
        struct proxy_input *input = connection->input;
        struct proxy_head *head = &input->head;
        struct rewriting to = {pass->proxy->text, sizeof pass->proxy->text};
        struct proxy_hops hops = {.count = 0};
        enum proxy_field fields[PROXY_HEADERS_MAX];
        unsigned seen = 0, count = 0;

        for (unsigned i = 0; i < head->count; i++) {
                const struct http_header *header = &head->headers[i];
                const char *value = http_text(text, header->value);

                fields[i] = field_of(http_text(text, header->name), header->name.size);
                if (fields[i] == PROXY_FIELD_CONNECTION)
                        proxy_hops_add(&hops, value, header->value.size);
                else if (fields[i] == PROXY_FIELD_KEEP_ALIVE)
                        note_keep_alive(connection, value, header->value.size);
        }
        if (hops.are_too_many)
                return eddy_fail(EDDY_EPROTOCOL, "the server's answer has a Connection header of many names");
        for (unsigned i = 0; i < head->count; i++) {
                const struct http_header *header = &head->headers[i];
                char *line;

                if (is_hidden(pass, http_text(text, header->name), header->name.size, fields[i]) ||
                    !is_passed(head, fields[i], &seen) ||
                    (hops.count > 0 && fields[i] != PROXY_FIELD_LENGTH &&
                     proxy_hops_have(&hops, http_text(text, header->name), header->name.size)))
                        continue;
                line = terminate(text, header);
                input->lines[count++] = fields[i] == PROXY_FIELD_LOCATION || fields[i] == PROXY_FIELD_SET_COOKIE
                                            ? rewrite(pass, &to, line, header, fields[i])
                                            : line;
        }
        input->lines[count] = NULL;
        pass->has_type = seen & 1u << PROXY_FIELD_TYPE;
        return 0;
}
