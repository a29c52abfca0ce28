#include "http/negotiate.h"

#include "http/etag.h"
#include "http/strict.h"
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_QUALITY = 1000 };

const struct coding_options coding_defaults = {
    .order = {CODING_ZSTD, CODING_BR, CODING_GZIP},
    .least_size = 1024,
};

const struct coding_options coding_of_files = {
    .order = {CODING_BR, CODING_ZSTD, CODING_GZIP},
};

/* Put one behind those that are there. */
static int add_coding(struct coding_options *options, unsigned *count, const eddy_http_coding *wanted)
{
        enum coding coding = coding_of_name(wanted->name, strlen(wanted->name));

        if (coding == CODING_IDENTITY || coding == CODING_DEFLATE || coding == CODINGS)
                return eddy_fail(-EINVAL, "%s is no content coding to send", wanted->name);
        for (unsigned i = 0; i < *count; i++)
                if (options->order[i] == coding)
                        return eddy_fail(-EINVAL, "the content coding %s is there twice", wanted->name);
        if (!coding_has_level(coding, wanted->level))
                return eddy_fail(-EINVAL, "the content coding %s has no level %d", wanted->name, wanted->level);
        options->order[(*count)++] = coding;
        options->levels[coding] = (signed char)wanted->level;
        return 0;
}

int coding_options_read(struct coding_options *options, const eddy_http_coding *codings, size_t least_size)
{
        unsigned count = 0;
        int rc = 0;

        *options = coding_defaults;
        if (least_size > 0)
                options->least_size = least_size < INT64_MAX ? (int64_t)least_size : INT64_MAX;
        if (codings)
                memset(options->order, 0, sizeof options->order);
        for (; rc == 0 && codings && codings->name; codings++)
                rc = add_coding(options, &count, codings);
        return rc;
}

static bool is_blank(char byte)
{
        return byte == ' ' || byte == '\t';
}

/* The next element of a list between commas, without blanks around it. False behind the last. */
static bool next_element(const char **at, const char *end, const char **element, size_t *size)
{
        const char *comma, *stop;

        while (*at < end && (is_blank(**at) || **at == ','))
                (*at)++;
        if (*at == end)
                return false;
        comma = memchr(*at, ',', (size_t)(end - *at));
        stop = comma ? comma : end;
        *element = *at;
        *at = stop;
        while (is_blank(stop[-1]))
                stop--;
        *size = (size_t)(stop - *element);
        return true;
}

static bool lists(const char *list, size_t n, const char *name)
{
        const char *at = list, *element;
        size_t size;

        while (next_element(&at, list + n, &element, &size))
                if (http_is_text(element, size, name))
                        return true;
        return false;
}

/* "0.5" and the like, in thousandths; negative where it is no weight. */
static short parse_weight(const char *text, size_t n)
{
        int value = 0;

        if (n == 0 || n > 5 || (text[0] != '0' && text[0] != '1') || (n > 1 && text[1] != '.'))
                return -1;
        for (size_t i = 0; i < 5; i++) {
                char digit = i < n ? text[i] : '0';

                if (i == 1)
                        continue;
                if (digit < '0' || digit > '9')
                        return -1;
                value = 10 * value + (digit - '0');
        }
        return (short)(value <= MOST_QUALITY ? value : -1);
}

/* What follows a coding's name: nothing, or ";q=" and a weight; negative where it is malformed. */
static short parse_quality(const char *at, const char *end)
{
        while (at < end && is_blank(*at))
                at++;
        if (at == end)
                return MOST_QUALITY;
        if (*at++ != ';')
                return -1;
        while (at < end && is_blank(*at))
                at++;
        if (end - at < 2 || (at[0] != 'q' && at[0] != 'Q') || at[1] != '=')
                return -1;
        return parse_weight(at + 2, (size_t)(end - at - 2));
}

void acceptance_begin(struct acceptance *acceptance)
{
        for (enum coding coding = CODING_IDENTITY; coding < CODINGS; coding++)
                acceptance->quality[coding] = -1;
        acceptance->star = -1;
}

static void add_element(struct acceptance *acceptance, const char *element, size_t size)
{
        const char *at = element, *end = element + size;
        enum coding coding;
        short quality, *place;

        while (at < end && http_is_token_byte(*at))
                at++;
        coding = coding_of_name(element, (size_t)(at - element));
        if (at - element == 1 && *element == '*')
                place = &acceptance->star;
        else if (coding != CODINGS)
                place = &acceptance->quality[coding];
        else
                return;
        /* Of what is said twice, as of gzip and x-gzip, the better holds. */
        quality = parse_quality(at, end);
        if (quality > *place)
                *place = quality;
}

void acceptance_add(struct acceptance *acceptance, const char *value, size_t n)
{
        const char *at = value, *element;
        size_t size;

        while (next_element(&at, value + n, &element, &size))
                add_element(acceptance, element, size);
}

void acceptance_of(struct acceptance *acceptance, const struct http_request *request, const char *head)
{
        acceptance_begin(acceptance);
        for (unsigned i = 0; i < request->header_count; i++) {
                const struct http_header *header = &request->headers[i];

                if (http_is_text(http_text(head, header->name), header->name.size, "accept-encoding"))
                        acceptance_add(acceptance, http_text(head, header->value), header->value.size);
        }
}

static bool refuses_identity(const struct acceptance *acceptance)
{
        short quality = acceptance->quality[CODING_IDENTITY];

        return quality == 0 || (quality < 0 && acceptance->star == 0);
}

int acceptance_quality(const struct acceptance *acceptance, enum coding coding)
{
        if (acceptance->quality[coding] >= 0)
                return acceptance->quality[coding];
        return acceptance->star > 0 && coding <= CODING_DEFLATE ? acceptance->star : 0;
}

enum coding acceptance_choose(const struct acceptance *acceptance, const struct coding_options *options,
                              unsigned among)
{
        int best = acceptance_quality(acceptance, CODING_IDENTITY) - 1;
        enum coding chosen = CODING_IDENTITY;

        for (size_t i = 0; i < CODINGS && options->order[i] != CODING_IDENTITY; i++) {
                int quality = acceptance_quality(acceptance, options->order[i]);

                if (quality > 0 && quality > best && among & 1u << options->order[i]) {
                        best = quality;
                        chosen = options->order[i];
                }
        }
        return chosen;
}

static enum coding choose_to_encode(const struct coding_question *question)
{
        unsigned among = 0;

        for (enum coding coding = CODING_GZIP; coding < CODINGS; coding++)
                among |= coding_is_built_in(coding) ? 1u << coding : 0;
        return acceptance_choose(question->acceptance, question->options, among);
}

/* In alphabetical order. What ends in +json, +xml, +text or +yaml, and text itself, need not be here. */
static const char *const worthy[] = {
    "application/ecmascript",
    "application/geo+json-seq",
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/json-seq",
    "application/json5",
    "application/jsonl",
    "application/ndjson",
    "application/rtf",
    "application/sql",
    "application/toml",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-sh",
    "application/x-yaml",
    "application/xml",
    "application/xml-dtd",
    "application/yaml",
    "font/otf",
    "font/sfnt",
    "font/ttf",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/x-icon",
    "image/x-ms-bmp",
    "image/x-portable-pixmap",
};

static const char *const live[] = {
    "application/json-seq",    "application/jsonl",    "application/ndjson",
    "application/stream+json", "application/x-ndjson", "text/event-stream",
};

/* A type without its parameters, in lower case; false where it is longer than any that is known. */
static bool bare_type(const char *content_type, char type[64])
{
        size_t n = content_type ? strcspn(content_type, ";, \t") : 0;

        if (n == 0 || n >= 64)
                return false;
        for (size_t i = 0; i < n; i++)
                type[i] = (char)(content_type[i] >= 'A' && content_type[i] <= 'Z' ? content_type[i] | 0x20
                                                                                  : content_type[i]);
        type[n] = '\0';
        return true;
}

static int compare(const void *type, const void *entry)
{
        return strcmp(type, *(const char *const *)entry);
}

static bool has(const char *const *entries, size_t count, const char *type)
{
        return bsearch(type, entries, count, sizeof *entries, compare) != NULL;
}

bool coding_is_worth(const char *content_type)
{
        static const char *const endings[] = {"+json", "+xml", "+text", "+yaml"};
        char type[64];
        const char *plus;

        if (!bare_type(content_type, type))
                return false;
        plus = strrchr(type, '+');
        for (size_t i = 0; plus && i < sizeof endings / sizeof *endings; i++)
                if (strcmp(plus, endings[i]) == 0)
                        return true;
        return strncmp(type, "text/", 5) == 0 || has(worthy, sizeof worthy / sizeof *worthy, type);
}

bool coding_is_live(const char *content_type)
{
        char type[64];

        return bare_type(content_type, type) && has(live, sizeof live / sizeof *live, type);
}

/* The value of a line of this name, without blanks around it; NULL where it is of another. */
static const char *value_of(const char *line, const char *name, size_t *size)
{
        size_t n = strlen(name);
        const char *value;

        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
                return NULL;
        value = line + n + 1;
        while (is_blank(*value))
                value++;
        for (*size = strlen(value); *size > 0 && is_blank(value[*size - 1]); (*size)--)
                ;
        return value;
}

/* The next line of a name, from `*at` on, which moves behind it; NULL: there is none. */
static const char *next_value(const char *const **at, const char *name, size_t *size)
{
        const char *value = NULL;

        while (*at && **at && !value)
                value = value_of(*(*at)++, name, size);
        return value;
}

static const char *find_value(const struct coding_question *question, const char *name, size_t *size)
{
        const char *const *at = question->headers;

        return next_value(&at, name, size);
}

static bool has_listed(const struct coding_question *question, const char *name, const char *element)
{
        const char *const *at = question->headers;
        const char *value;
        size_t size;

        while ((value = next_value(&at, name, &size)))
                if (lists(value, size, element))
                        return true;
        return false;
}

/* Whether the answer may be coded at all: it has a body of its own and whole, and nobody forbids it. */
static bool may_be_coded(const struct coding_question *question)
{
        size_t size;

        return !question->is_off && question->status >= 200 && question->status != 204 &&
               question->status != 205 && question->status != 206 && question->status != 304 &&
               question->size != 0 && !find_value(question, "content-encoding", &size) &&
               !find_value(question, "content-range", &size) &&
               !has_listed(question, "cache-control", "no-transform");
}

static bool is_worth_it(const struct coding_question *question)
{
        return coding_is_worth(question->content_type) &&
               (question->size < 0 || question->size >= question->options->least_size);
}

static void add_line(struct coding_plan *plan, const char *line)
{
        size_t i = 0;

        while (plan->lines[i])
                i++;
        plan->lines[i] = line;
}

/* One line says all, since there are caches that read the first only; where it would be too long there are two. */
static void merge_vary(struct coding_plan *plan, const struct coding_question *question)
{
        const char *const *at = question->headers;
        size_t end = 0, size;
        const char *value;

        if (has_listed(question, "vary", "accept-encoding") || has_listed(question, "vary", "*"))
                return;
        end = (size_t)snprintf(plan->vary_line, sizeof plan->vary_line, "Vary: ");
        plan->replaces_vary = true;
        while ((value = next_value(&at, "vary", &size))) {
                if (size == 0)
                        continue;
                if (end + size + sizeof ", Accept-Encoding" > sizeof plan->vary_line) {
                        plan->replaces_vary = false;
                        end = sizeof "Vary: " - 1;
                        break;
                }
                memcpy(plan->vary_line + end, value, size);
                end += size;
                memcpy(plan->vary_line + end, ", ", 2);
                end += 2;
        }
        snprintf(plan->vary_line + end, sizeof plan->vary_line - end, "Accept-Encoding");
        add_line(plan, plan->vary_line);
}

/* Have the ETag say which coding it is of. False where it is too long for that. */
static bool mark_etag(struct coding_plan *plan, enum coding coding)
{
        static const char name[] = "ETag: ";
        char *text = plan->etag_line + sizeof name - 1;
        size_t room = sizeof plan->etag_line - sizeof name, size;

        if (!plan->etag || coding == CODING_IDENTITY)
                return true;
        size = etag_with_coding(text, room, plan->etag, plan->etag_size, coding);
        if (size == 0)
                return false;
        if (size == plan->etag_size)
                return true;
        memcpy(plan->etag_line, name, sizeof name - 1);
        text[size] = '\0';
        plan->etag = text;
        plan->etag_size = size;
        plan->replaces_etag = true;
        add_line(plan, plan->etag_line);
        return true;
}

/* What was found unchanged is what the client has: the coding that it would get now, or else another. */
static void plan_unchanged(struct coding_plan *plan, const struct coding_question *question)
{
        const char *list = question->if_none_match;
        char text[sizeof plan->etag_line];
        enum coding coding = choose_to_encode(question);
        size_t size;

        if (question->content_type && !coding_is_worth(question->content_type))
                return;
        merge_vary(plan, question);
        if (!list || !plan->etag)
                return;
        size = etag_with_coding(text, sizeof text, plan->etag, plan->etag_size, coding);
        if (size == 0 || !etag_is_listed(list, strlen(list), text, size, true))
                coding = etag_listed_coding(list, strlen(list), plan->etag, plan->etag_size, true);
        if (coding != CODINGS)
                mark_etag(plan, coding);
}

static void code(struct coding_plan *plan, const struct coding_question *question, enum coding coding)
{
        if (coding == CODING_IDENTITY || !mark_etag(plan, coding))
                return;
        plan->coding = coding;
        plan->level = question->options->levels[coding];
        plan->is_live = coding_is_live(question->content_type);
        snprintf(plan->encoding_line, sizeof plan->encoding_line, "Content-Encoding: %s", coding_name(coding));
        add_line(plan, plan->encoding_line);
}

void coding_plan(struct coding_plan *plan, const struct coding_question *question)
{
        bool is_strict = refuses_identity(question->acceptance);
        size_t size = 0;
        const char *value = find_value(question, "content-encoding", &size);

        *plan = (struct coding_plan){.coding = CODING_IDENTITY};
        plan->etag = find_value(question, "etag", &plan->etag_size);
        /* It says that the body is sent as it is, which needs no saying to the client. */
        plan->replaces_coding = value && http_is_text(value, size, "identity");
        if (question->status == 304) {
                plan_unchanged(plan, question);
                return;
        }
        if (may_be_coded(question) && (is_strict || is_worth_it(question))) {
                code(plan, question, question->would_grow ? CODING_IDENTITY : choose_to_encode(question));
                merge_vary(plan, question);
        }
        plan->is_unacceptable = is_strict && plan->coding == CODING_IDENTITY && question->size != 0 &&
                                question->status >= 200 && question->status < 300 && question->status != 204 &&
                                (!value || plan->replaces_coding);
}

bool coding_plan_keeps(const struct coding_plan *plan, const char *line)
{
        static const char *const of_the_body[] = {
            "content-length", "accept-ranges", "content-md5", "digest", "content-digest", "repr-digest",
        };
        size_t size;

        if ((plan->replaces_etag && value_of(line, "etag", &size)) ||
            (plan->replaces_vary && value_of(line, "vary", &size)) ||
            (plan->replaces_coding && value_of(line, "content-encoding", &size)))
                return false;
        for (size_t i = 0; plan->coding != CODING_IDENTITY && i < sizeof of_the_body / sizeof *of_the_body; i++)
                if (value_of(line, of_the_body[i], &size))
                        return false;
        return true;
}

bool coding_plan_is_unchanged(const struct coding_plan *plan, const char *if_none_match)
{
        return strcmp(if_none_match, "*") == 0 ||
               (plan->etag &&
                etag_is_listed(if_none_match, strlen(if_none_match), plan->etag, plan->etag_size, true));
}
