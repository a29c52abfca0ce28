#include "http/parameters.h"

#include "http/strict.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *at)
{
        return at + strspn(at, " \t");
}

const char *parameters_begin(const char *text, const char *type)
{
        size_t n = strlen(type);

        if (strncasecmp(text, type, n) != 0)
                return NULL;
        text = skip_blanks(text + n);
        return *text == ';' || *text == '\0' ? text : NULL;
}

/* Behind an opening quote: the closing one, or NULL. */
static const char *find_quote(const char *at)
{
        for (; *at && *at != '"'; at++)
                if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
                        at++;
        return *at ? at : NULL;
}

/* Where the value ends that begins at `at`, or NULL where there is none. */
static const char *take_value(const char *at, struct parameter *parameter)
{
        const char *end;

        parameter->is_quoted = *at == '"';
        parameter->value = at + parameter->is_quoted;
        end = parameter->is_quoted ? find_quote(at + 1) : at + strcspn(at, " \t\";,");
        if (!end || (!parameter->is_quoted && end == at))
                return NULL;
        parameter->value_size = (size_t)(end - parameter->value);
        return end + parameter->is_quoted;
}

int parameters_next(const char **rest, struct parameter *parameter)
{
        const char *at = skip_blanks(*rest);

        if (*at == '\0')
                return 0;
        if (*at != ';')
                return -EINVAL;
        at += strspn(at, "; \t");
        parameter->name = at;
        while (http_is_token_byte(*at))
                at++;
        parameter->name_size = (size_t)(at - parameter->name);
        if (*at == '\0' && parameter->name_size == 0)
                return 0;
        if (*at != '=' || parameter->name_size == 0)
                return -EINVAL;
        *rest = take_value(at + 1, parameter);
        return *rest ? 1 : -EINVAL;
}

bool parameter_is(const struct parameter *parameter, const char *name)
{
        return strlen(name) == parameter->name_size &&
               strncasecmp(parameter->name, name, parameter->name_size) == 0;
}

size_t parameter_copy(const struct parameter *parameter, char *out)
{
        const char *at = parameter->value, *end = at + parameter->value_size;
        size_t n = 0;

        while (at < end) {
                if (parameter->is_quoted && *at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\'))
                        at++;
                out[n++] = *at++;
        }
        out[n] = '\0';
        return n;
}
