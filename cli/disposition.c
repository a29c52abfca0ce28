#include "disposition.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/** A parameter: "name=value", its value as it stands or between quotes. */
struct parameter {
        const char *name, *value;
        size_t name_size, value_size;
        bool is_quoted;
};

static const char *skip_blanks(const char *at)
{
        return at + strspn(at, " \t");
}

/* Where the next parameter begins, or the end; NULL where this is none. */
static const char *read_parameter(const char *at, struct parameter *parameter)
{
        parameter->name = at = skip_blanks(at);
        parameter->name_size = strcspn(at, "=; \t\"");
        at = skip_blanks(at + parameter->name_size);
        if (parameter->name_size == 0 || *at != '=')
                return NULL;
        at = skip_blanks(at + 1);
        parameter->is_quoted = *at == '"';
        if (parameter->is_quoted) {
                parameter->value = ++at;
                for (; *at && *at != '"'; at++)
                        at += *at == '\\' && at[1];
                parameter->value_size = (size_t)(at - parameter->value);
                if (*at != '"')
                        return NULL;
                at = skip_blanks(at + 1);
        } else {
                parameter->value = at;
                parameter->value_size = strcspn(at, "; \t");
                at = skip_blanks(at + parameter->value_size);
        }
        return *at == ';' || *at == '\0' ? at : NULL;
}

/* What is between quotes, without backslashes before what they quote. */
static size_t unquote(const struct parameter *parameter, char *out)
{
        size_t n = 0;

        for (size_t i = 0; i < parameter->value_size; i++) {
                if (parameter->is_quoted && parameter->value[i] == '\\' && i + 1 < parameter->value_size)
                        i++;
                out[n++] = parameter->value[i];
        }
        return n;
}

static size_t put_latin1(char *out, unsigned char letter)
{
        if (letter < 0x80) {
                out[0] = (char)letter;
                return 1;
        }
        out[0] = (char)(0xc0 | letter >> 6);
        out[1] = (char)(0x80 | (letter & 0x3f));
        return 2;
}

/* "UTF-8'en'a%20b"; 0 where it cannot be read. */
static size_t decode(const struct parameter *parameter, char *out)
{
        const char *at = parameter->value, *end = at + parameter->value_size;
        const char *language = memchr(at, '\'', (size_t)(end - at));
        const char *text = language ? memchr(language + 1, '\'', (size_t)(end - language - 1)) : NULL;
        bool is_utf8 = text && language - at == 5 && strncasecmp(at, "utf-8", 5) == 0;
        size_t n = 0;

        if (!is_utf8 && !(text && language - at == 10 && strncasecmp(at, "iso-8859-1", 10) == 0))
                return 0;
        for (at = text + 1; at < end; at++) {
                int byte = (unsigned char)*at;

                if (byte == '%') {
                        byte = fetch_name_unhex(at, end);
                        at += 2;
                }
                if (byte < 0)
                        return 0;
                if (is_utf8)
                        out[n++] = (char)byte;
                else
                        n += put_latin1(out + n, (unsigned char)byte);
        }
        return n;
}

/* A path is none of the server's business: its last part counts. */
static bool make_name(char *text, size_t n, char name[FETCH_NAME_MAX + 1])
{
        size_t start = 0;

        for (size_t i = 0; i < n; i++)
                if (text[i] == '/' || text[i] == '\\')
                        start = i + 1;
        while (start < n && text[start] == ' ')
                start++;
        while (n > start && text[n - 1] == ' ')
                n--;
        if (n == start)
                return false;
        fetch_name_make(text + start, n - start, name);
        return true;
}

bool disposition_name(const char *value, char name[FETCH_NAME_MAX + 1])
{
        const char *at = value + strcspn(value, ";");
        struct parameter parameter, plain = {0}, extended = {0};
        char *text = malloc(2 * strlen(value) + 1);
        bool is_found = false;

        while (text && at && *at == ';') {
                at = read_parameter(at + 1, &parameter);
                if (!at)
                        break;
                if (parameter.name_size == 8 && strncasecmp(parameter.name, "filename", 8) == 0 && !plain.name)
                        plain = parameter;
                if (parameter.name_size == 9 && strncasecmp(parameter.name, "filename*", 9) == 0 &&
                    !extended.name)
                        extended = parameter;
        }
        if (text && extended.name && !extended.is_quoted)
                is_found = make_name(text, decode(&extended, text), name);
        if (text && !is_found && plain.name)
                is_found = make_name(text, unquote(&plain, text), name);
        free(text);
        return is_found;
}
