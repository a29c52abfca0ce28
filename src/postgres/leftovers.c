/* A statement is read word by word, only as far as telling harmless ones takes. Whatever else is met counts as leaving
 * something, which costs a reset and is right. */
#include "postgres/leftovers.h"

#include <stddef.h>
#include <string.h>

/* Statements may begin with these. */
static const char *const harmless_statements[] = {
    "abort",    "begin",     "commit", "copy", "delete", "end",   "insert", "lock",   "merge", "release",
    "rollback", "savepoint", "select", "show", "start",  "table", "update", "values", "with",
};

/* Before a parenthesis these are no calls, or calls that leave nothing. */
static const char *const harmless_calls[] = {
    "abs",
    "age",
    "all",
    "and",
    "any",
    "array",
    "array_agg",
    "array_length",
    "as",
    "avg",
    "between",
    "bit",
    "bool_and",
    "bool_or",
    "btrim",
    "by",
    "cardinality",
    "cast",
    "ceil",
    "ceiling",
    "char",
    "char_length",
    "character",
    "coalesce",
    "concat",
    "concat_ws",
    "conflict",
    "count",
    "current_setting",
    "date_part",
    "date_trunc",
    "decimal",
    "decode",
    "dense_rank",
    "distinct",
    "else",
    "encode",
    "every",
    "except",
    "exists",
    "extract",
    "filter",
    "first_value",
    "float",
    "floor",
    "format",
    "from",
    "gen_random_uuid",
    "generate_series",
    "greatest",
    "having",
    "ilike",
    "in",
    "intersect",
    "interval",
    "join",
    "json_agg",
    "json_build_array",
    "json_build_object",
    "jsonb_agg",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_set",
    "lag",
    "last_value",
    "lateral",
    "lead",
    "least",
    "left",
    "length",
    "like",
    "limit",
    "lower",
    "ltrim",
    "max",
    "md5",
    "min",
    "mod",
    "not",
    "now",
    "ntile",
    "nullif",
    "numeric",
    "offset",
    "on",
    "or",
    "over",
    "pg_backend_pid",
    "position",
    "power",
    "precision",
    "random",
    "rank",
    "regexp_replace",
    "replace",
    "returning",
    "right",
    "round",
    "row",
    "row_number",
    "row_to_json",
    "rtrim",
    "select",
    "set",
    "some",
    "split_part",
    "sqrt",
    "starts_with",
    "string_agg",
    "strpos",
    "substr",
    "substring",
    "sum",
    "then",
    "time",
    "timestamp",
    "timestamptz",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "trim",
    "union",
    "unnest",
    "upper",
    "using",
    "values",
    "varchar",
    "varying",
    "version",
    "when",
    "where",
    "within",
};

enum { LONGEST_WORD = 24 };

/** How far a statement has been read. */
struct reading {
        const char *at;
        char word[LONGEST_WORD];   /* the last token, in small letters; "" where it was no word */
        char before[LONGEST_WORD]; /* the word before it */
        bool is_qualified;         /* the word follows a dot */
        bool names_target;         /* behind INSERT INTO: the parenthesis to come lists columns */
};

static bool is_among(const char *word, const char *const words[], size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(word, words[i]) == 0)
                        return true;
        return false;
}

#define IS_AMONG(word, words) is_among((word), (words), sizeof(words) / sizeof(words)[0])

static bool begins_word(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

static bool continues_word(char c)
{
        return begins_word(c) || (c >= '0' && c <= '9') || c == '$';
}

/* Words that are too long are none that is known. */
static void read_word(struct reading *r)
{
        size_t n = 0;

        memcpy(r->before, r->word, sizeof r->before);
        for (; continues_word(*r->at); r->at++) {
                bool is_capital = *r->at >= 'A' && *r->at <= 'Z';

                if (n < sizeof r->word - 1)
                        r->word[n++] = (char)(is_capital ? *r->at + 'a' - 'A' : *r->at);
        }
        r->word[n] = '\0';
}

/** Skip what is between two quotes, of which two within mean one; false where it has no end, or may have escapes. */
static bool skip_quoted(struct reading *r, char quote)
{
        for (r->at++; *r->at; r->at++) {
                if (*r->at == '\\')
                        return false;
                if (*r->at != quote)
                        continue;
                if (r->at[1] != quote) {
                        r->at++;
                        return true;
                }
                r->at++;
        }
        return false;
}

static bool skip_comment(struct reading *r)
{
        const char *end = strchr(r->at, '\n');

        r->at = end ? end : r->at + strlen(r->at);
        return true;
}

static void forget_word(struct reading *r)
{
        r->word[0] = r->before[0] = '\0';
        r->is_qualified = false;
}

/** Whether a word may stand where it does. */
static bool is_word_harmless(struct reading *r, bool is_first)
{
        if (is_first)
                return IS_AMONG(r->word, harmless_statements);
        if (strcmp(r->word, "into") == 0) {
                r->names_target = strcmp(r->before, "insert") == 0;
                return r->names_target || strcmp(r->before, "merge") == 0;
        }
        if (strcmp(r->word, "values") == 0 || strcmp(r->word, "select") == 0)
                r->names_target = false;
        return strcmp(r->word, "temp") != 0 && strcmp(r->word, "temporary") != 0;
}

/** Whether the parenthesis here begins no call, or one that leaves nothing. */
static bool is_parenthesis_harmless(struct reading *r)
{
        bool is_harmless =
            !*r->word || r->names_target || (!r->is_qualified && IS_AMONG(r->word, harmless_calls));

        r->names_target = false;
        return is_harmless;
}

/** Step over one token; false: it may leave something. */
static bool read_token(struct reading *r, bool is_first)
{
        char c = *r->at;

        if (c == '-' && r->at[1] == '-')
                return skip_comment(r);
        if (begins_word(c)) {
                r->is_qualified = !is_first && r->at[-1] == '.';
                read_word(r);
                /* E'...' has escapes, and U&"..." too. */
                return *r->at != '\'' && *r->at != '&' && is_word_harmless(r, is_first);
        }
        if (c == '"') {
                strcpy(r->word, "\"");
                return skip_quoted(r, c);
        }
        if (c == '(' && !is_parenthesis_harmless(r))
                return false;
        forget_word(r);
        if (c == '\'')
                return skip_quoted(r, c);
        r->at++;
        /* Dollar quotes, comments that nest, and what is behind a semicolon. */
        return !(c == '$' && !(*r->at >= '0' && *r->at <= '9')) && !(c == '/' && *r->at == '*') &&
               !(c == ';' && r->at[strspn(r->at, " \t\r\n")]);
}

bool statement_may_leave_something(const char *sql)
{
        struct reading r = {.at = sql};
        bool is_first = true;

        for (;;) {
                r.at += strspn(r.at, " \t\r\n");
                if (!*r.at)
                        return false;
                if (!read_token(&r, is_first))
                        return true;
                is_first = is_first && !*r.word;
        }
}
