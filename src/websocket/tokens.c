#include "websocket/tokens.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_token_character(char c)
{
        return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool token_take_mark(const char **rest, char mark)
{
        *rest += strspn(*rest, " \t");
        if (**rest != mark)
                return false;
        ++*rest;
        return true;
}

bool token_take(const char **rest, struct token *token)
{
        const char *end;

        *rest += strspn(*rest, " \t");
        for (end = *rest; is_token_character(*end); end++)
                ;
        *token = (struct token){*rest, (size_t)(end - *rest)};
        *rest = end;
        return token->size > 0;
}

bool token_take_value(const char **rest, struct token *token)
{
        bool is_quoted = token_take_mark(rest, '"');

        return token_take(rest, token) && (!is_quoted || token_take_mark(rest, '"'));
}

bool token_is(const struct token *token, const char *text)
{
        return strlen(text) == token->size && strncasecmp(token->text, text, token->size) == 0;
}

bool token_is_listed(const char *list, const char *text)
{
        struct token token;

        for (; list && *list; list += strcspn(list, ","), list += *list == ',') {
                const char *rest = list;

                if (token_take(&rest, &token) && token_is(&token, text) &&
                    (token_take_mark(&rest, ',') || token_take_mark(&rest, '\0')))
                        return true;
        }
        return false;
}

bool token_is_valid(const char *text)
{
        struct token token;

        return is_token_character(*text) && token_take(&text, &token) && *text == '\0';
}
