#include "http_client/header.h"

#include <ctype.h>
#include <eddy/error.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

/* curl takes "Name;" for a header without a value. */
static size_t name_size(const char *line)
{
        return strcspn(line, ":;");
}

static bool is_visible(const char *text, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
                        return false;
        return true;
}

int header_check(const char *line)
{
        size_t size = name_size(line);

        if (size == 0 || !line[size] || !is_visible(line, size))
                return eddy_fail(-EINVAL, "'%.64s' is no header: it needs a name and a colon", line);
        if (strpbrk(line, "\r\n"))
                return eddy_fail(-EINVAL, "the header %.*s has a line end in it", (int)(size < 64 ? size : 64),
                                 line);
        return 0;
}

/* RFC 9110 5.6.2 */
bool header_is_token(const char *text)
{
        const char *at = text;

        while (isalnum((unsigned char)*at) || (*at && strchr("!#$%&'*+-.^_`|~", *at)))
                at++;
        return at > text && *at == '\0';
}

bool header_has_name(const char *line, const char *name)
{
        size_t size = strlen(name);

        return name_size(line) == size && strncasecmp(line, name, size) == 0;
}

bool header_is_of_one_host(const char *line)
{
        static const char *const names[] = {"Authorization", "Proxy-Authorization", "Cookie", "Cookie2",
                                            "Host"};

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (header_has_name(line, names[i]))
                        return true;
        return false;
}

const char *header_parse_number(const char *at, int64_t *number)
{
        const char *start = at;

        *number = 0;
        for (; *at >= '0' && *at <= '9'; at++)
                if (__builtin_mul_overflow(*number, 10, number) ||
                    __builtin_add_overflow(*number, *at - '0', number))
                        return NULL;
        return at > start ? at : NULL;
}

bool header_is_left_out(const char *const *lines, const char *name)
{
        for (; lines && *lines; lines++)
                if (header_has_name(*lines, name) && (*lines)[name_size(*lines)] == ':' &&
                    strspn(*lines + name_size(*lines) + 1, " \t") == strlen(*lines + name_size(*lines) + 1))
                        return true;
        return false;
}

bool header_is_among(const char *const *lines, const char *line)
{
        size_t size = name_size(line);

        for (; lines && *lines; lines++)
                if (name_size(*lines) == size && strncasecmp(*lines, line, size) == 0)
                        return true;
        return false;
}
