#include "http/headers.h"

#include "http/strict.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

enum { SIZE_MAX_OF_ALL = 8 * 1024 };

static bool is_value(const char *text)
{
        for (; *text; text++)
                if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
                        return false;
        return true;
}

static bool is_line(const char *line)
{
        const char *colon = line;

        while (http_is_token_byte(*colon))
                colon++;
        return colon > line && *colon == ':' && is_value(colon + 1);
}

enum header_kind headers_kind(const char *line)
{
        static const char *const names[] = {
            [HEADER_TYPE] = "content-type:",
            [HEADER_SERVER] = "server:",
            [HEADER_DATE] = "date:",
            [HEADER_LENGTH] = "content-length:",
            [HEADER_CONNECTION] = "connection:",
            [HEADER_CODING] = "transfer-encoding:",
        };

        /* Most lines begin as none of them. */
        for (enum header_kind kind = HEADER_TYPE; kind <= HEADER_CODING; kind++)
                if ((line[0] | 0x20) == names[kind][0] &&
                    strncasecmp(line, names[kind], strlen(names[kind])) == 0)
                        return kind;
        return HEADER_OTHER;
}

/* A line's value, without the blanks around it. */
static const char *find_value(const char *line, size_t *size)
{
        const char *value = strchr(line, ':') + 1;
        size_t n;

        value += strspn(value, " \t");
        for (n = strlen(value); n > 0 && strchr(" \t", value[n - 1]); n--)
                ;
        *size = n;
        return value;
}

/* -1 where it is no number, or too large for any body. */
static int64_t parse_length(const char *text, size_t n)
{
        int64_t length = 0;

        if (n == 0 || n > 18)
                return -1;
        for (size_t i = 0; i < n; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return -1;
                length = 10 * length + (text[i] - '0');
        }
        return length;
}

static int note(struct headers *headers, const char *line)
{
        enum header_kind kind = headers_kind(line);
        size_t n;
        const char *value = find_value(line, &n);

        if (kind != HEADER_OTHER && headers->kinds & 1u << kind)
                return -EINVAL;
        headers->kinds |= 1u << kind;
        switch (kind) {
        case HEADER_LENGTH:
                headers->length = parse_length(value, n);
                return headers->length < 0 ? -EINVAL : 0;
        case HEADER_CONNECTION:
                headers->says_close = http_is_text(value, n, "close");
                headers->says_keep_alive = http_is_text(value, n, "keep-alive");
                headers->says_upgrade = http_is_text(value, n, "upgrade");
                return headers->says_close || headers->says_keep_alive || headers->says_upgrade ? 0 : -EINVAL;
        case HEADER_CODING: /* none is ever applied */
                return -EINVAL;
        case HEADER_TYPE:
                headers->type = value;
                /* fall through */
        default:
                headers->size += strlen(line) + 2;
                return 0;
        }
}

int headers_examine(struct headers *headers, const eddy_http_answer *answer)
{
        int rc = 0;

        *headers = (struct headers){.length = -1};
        if (answer->content_type) {
                if (!is_value(answer->content_type))
                        return -EINVAL;
                headers->size = strlen(answer->content_type);
                headers->kinds = 1u << HEADER_TYPE;
                headers->type = answer->content_type;
        }
        for (const char *const *line = answer->headers; line && *line && rc == 0; line++)
                rc = is_line(*line) ? note(headers, *line) : -EINVAL;
        return rc == 0 && headers->size <= SIZE_MAX_OF_ALL ? 0 : -EINVAL;
}
