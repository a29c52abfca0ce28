/* A pattern is refused where it could match nothing, or not what its author had in mind. */
#include "http/router_pattern.h"

#include <eddy/error.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_digit(char byte)
{
        return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_hex(char byte)
{
        return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

const char *router_pattern_next(const char *at, struct router_part *part)
{
        size_t size = strcspn(++at, "/");
        const char *slash = at[size] ? at + size : NULL;

        *part = (struct router_part){ROUTER_PART_TEXT, at, size};
        if (size < 2 || at[0] != '{' || at[size - 1] != '}')
                return slash;
        *part = (struct router_part){ROUTER_PART_NAME, at + 1, size - 2};
        if (part->size >= 3 && memcmp(part->text + part->size - 3, "...", 3) == 0) {
                part->kind = ROUTER_PART_REST;
                part->size -= 3;
        }
        return slash;
}

/* What is wrong with a text, or NULL. */
static const char *text_fault(const struct router_part *part)
{
        const char *text = part->text;
        size_t n = part->size;

        if ((n == 1 && text[0] == '.') || (n == 2 && text[0] == '.' && text[1] == '.'))
                return "no path has \".\" or \"..\"";
        for (size_t i = 0; i < n; i++) {
                if (text[i] == '{' || text[i] == '}')
                        return "a name in braces is all that stands between two slashes";
                if (text[i] == '?' || text[i] == '#')
                        return "it is of a path alone, which ends before \"?\" and \"#\"";
                if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
                        return "it has a control character";
                if (text[i] == '%' && n - i >= 3 && is_hex(text[i + 1]) && is_hex(text[i + 2]))
                        return "it is compared with what is decoded, so it has no escapes";
        }
        return NULL;
}

static const char *name_fault(const struct router_part *part)
{
        if (part->size == 0)
                return part->kind == ROUTER_PART_REST ? NULL : "a name is empty";
        for (size_t i = 0; i < part->size; i++)
                if (!is_letter(part->text[i]) && !is_digit(part->text[i]) && part->text[i] != '_')
                        return "a name has letters, digits and \"_\" alone";
        return NULL;
}

static const char *part_fault(const struct router_part *part, bool is_last)
{
        if (part->kind != ROUTER_PART_TEXT)
                return part->kind == ROUTER_PART_REST && !is_last ? "nothing can stand behind the rest"
                                                                  : name_fault(part);
        return part->size == 0 && !is_last ? "two slashes stand together" : text_fault(part);
}

static const char *keep_name(struct router_part *names, unsigned *count, const struct router_part *part)
{
        for (unsigned i = 0; i < *count; i++)
                if (names[i].size == part->size && memcmp(names[i].text, part->text, part->size) == 0)
                        return "a name is there twice";
        if (*count == ROUTER_NAMES_MAX)
                return "it has more than 16 names";
        names[(*count)++] = *part;
        return NULL;
}

static const char *pattern_fault(const char *at, unsigned *name_count)
{
        struct router_part part, names[ROUTER_NAMES_MAX];
        const char *fault;

        if (*at != '/')
                return "it begins with no slash";
        for (unsigned parts = 0; at; parts++) {
                if (parts == ROUTER_PARTS_MAX)
                        return "it has more than 64 parts";
                at = router_pattern_next(at, &part);
                fault = part_fault(&part, !at);
                if (!fault && part.kind != ROUTER_PART_TEXT && part.size > 0)
                        fault = keep_name(names, name_count, &part);
                if (fault)
                        return fault;
        }
        return NULL;
}

int router_pattern_check(const char *pattern, unsigned *names)
{
        const char *fault;

        *names = 0;
        fault = pattern_fault(pattern, names);
        return fault ? eddy_fail(-EINVAL, "\"%s\" is no pattern: %s", pattern, fault) : 0;
}
