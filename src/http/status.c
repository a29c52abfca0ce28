#include "http/status.h"

#include <ctype.h>
#include <llhttp.h>
#include <stdio.h>
#include <string.h>

/* llhttp has them as "NOT_FOUND"; older ones lack llhttp_status_name(), all have the map. */
static const char *constant(int status)
{
        switch (status) {
#define NAME(number, name, text)                                                                               \
        case number:                                                                                           \
                return #text;
                HTTP_STATUS_MAP(NAME)
#undef NAME
        default:
                return "UNKNOWN";
        }
}

void http_status_phrase(int status, char phrase[HTTP_PHRASE_MAX])
{
        char before = '_';

        snprintf(phrase, HTTP_PHRASE_MAX, "%s", constant(status));
        if (status == HTTP_STATUS_OK)
                return;
        for (char *at = phrase; *at; at++) {
                char letter = *at;

                *at = letter == '_' ? ' ' : before == '_' ? letter : (char)tolower((unsigned char)letter);
                before = letter;
        }
}
