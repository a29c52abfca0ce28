/* Lists in headers: tokens, commas, and parameters between semicolons. */
#ifndef WEBSOCKET_TOKENS_H
#define WEBSOCKET_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

struct token {
        const char *text;
        size_t size;
};

/** Take blanks and then a character: whether it is there. */
bool token_take_mark(const char **rest, char mark);

/** Take blanks and then a token: whether one is there. */
bool token_take(const char **rest, struct token *token);

/** Likewise, of a token that may be between quotes. */
bool token_take_value(const char **rest, struct token *token);

/** Whether it is this text, in any case. */
bool token_is(const struct token *token, const char *text);

/** Whether a list has a token, in any case. NULL is an empty list. */
bool token_is_listed(const char *list, const char *text);

/** Whether a text is a token. */
bool token_is_valid(const char *text);

#endif
