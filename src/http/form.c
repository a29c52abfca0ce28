#include "http/body_source.h"
#include "http/gathering.h"
#include "http_common/escape.h"

enum { DEFAULT_MAX_FIELDS = 1000, DEFAULT_MAX_SIZE = 1024 * 1024 };

struct eddy_http_fields {
        size_t count;
        eddy_http_field all[]; /* and behind the last the text that they point to */
};

/* Decode; `plus` is what "+" becomes. */
static size_t unescape(char *out, const char *text, size_t n, char plus)
{
        const char *end = text + n;
        size_t size = 0;

        while (text < end) {
                int byte = escape_byte(text, end);

                out[size++] = byte >= 0 ? (char)byte : *text == '+' ? plus : *text;
                text += byte >= 0 ? 3 : 1;
        }
        return size;
}

size_t eddy_http_unescape(char *out, const char *text, size_t n)
{
        return unescape(out, text, n, '+');
}

/* The end of what begins at `at`, at a byte or at the end of all. */
static const char *find(const char *at, const char *end, char byte)
{
        const char *found = at < end ? memchr(at, byte, (size_t)(end - at)) : NULL;

        return found ? found : end;
}

/* The next field that is not empty, from `at` on; at the end where there is none. */
static const char *skip_separators(const char *at, const char *end)
{
        while (at < end && *at == '&')
                at++;
        return at;
}

/* How many there are, or one more than `most` where there are more. */
static size_t count_fields(const char *text, size_t n, size_t most)
{
        const char *end = text + n;
        size_t count = 0;

        for (const char *at = skip_separators(text, end); at < end && count <= most; count++)
                at = skip_separators(find(at, end, '&'), end);
        return count;
}

/* Decode what lies between two places to `out`, with a NUL behind it; where the next text goes. */
static char *decode(char *out, const char *at, const char *end, const char **decoded, size_t *size)
{
        *decoded = out;
        *size = unescape(out, at, (size_t)(end - at), ' ');
        out[*size] = '\0';
        return out + *size + 1;
}

static void fill(eddy_http_fields *fields, const char *text, size_t n)
{
        char *out = (char *)(fields->all + fields->count);
        const char *at = text, *end = text + n;

        for (size_t i = 0; i < fields->count; i++) {
                eddy_http_field *field = &fields->all[i];
                const char *stop, *equals;

                at = skip_separators(at, end);
                stop = find(at, end, '&');
                equals = find(at, stop, '=');
                out = decode(out, at, equals, &field->name, &field->name_size);
                out = decode(out, equals < stop ? equals + 1 : stop, stop, &field->value, &field->value_size);
                at = stop;
        }
}

static size_t max_size_of(const eddy_http_fields_options *options)
{
        return options && options->max_size ? options->max_size : DEFAULT_MAX_SIZE;
}

static int fail_for_size(size_t max_size)
{
        return eddy_fail(EDDY_ELIMIT, "a form or query of more than %zu bytes", max_size);
}

int eddy_http_fields_parse(eddy_http_fields **parsed, const void *text, size_t n,
                           const eddy_http_fields_options *options)
{
        size_t max_fields = options && options->max_fields ? options->max_fields : DEFAULT_MAX_FIELDS;
        size_t count;

        *parsed = NULL;
        if (n > max_size_of(options))
                return fail_for_size(max_size_of(options));
        if (n == 0)
                text = "";
        count = count_fields(text, n, max_fields);
        if (count > max_fields)
                return eddy_fail(EDDY_ELIMIT, "a form or query of more than %zu fields", max_fields);
        /* No text grows by being decoded; each field has two NULs. */
        *parsed = memory_alloc(sizeof **parsed + count * sizeof(eddy_http_field) + n + 2 * count);
        if (!*parsed)
                return -ENOMEM;
        (*parsed)->count = count;
        fill(*parsed, text, n);
        return 0;
}

static int gather(struct gathering *all, struct body_source body, size_t max_size)
{
        ssize_t n = 1;

        if (body.length > 0 && (uint64_t)body.length > max_size) /* before its sender has leave to send it */
                return fail_for_size(max_size);
        while (n > 0) {
                n = gathering_reserve(all);
                if (n == 0)
                        n = body.read(body.of, all->text + all->size, all->capacity - all->size);
                if (n > 0)
                        all->size += (size_t)n;
                if (all->size > max_size)
                        return fail_for_size(max_size);
        }
        return (int)n;
}

int form_read(struct body_source body, eddy_http_fields **fields, const eddy_http_fields_options *options)
{
        struct gathering all = {0};
        int rc = gather(&all, body, max_size_of(options));

        *fields = NULL;
        if (rc == 0)
                rc = eddy_http_fields_parse(fields, all.text, all.size, options);
        memory_free(all.text);
        return rc;
}

void eddy_http_fields_destroy(eddy_http_fields *fields)
{
        memory_free(fields);
}

size_t eddy_http_fields_count(const eddy_http_fields *fields)
{
        return fields->count;
}

const eddy_http_field *eddy_http_fields_at(const eddy_http_fields *fields, size_t place)
{
        return place < fields->count ? &fields->all[place] : NULL;
}

const eddy_http_field *eddy_http_fields_find(const eddy_http_fields *fields, const char *name, size_t nth)
{
        size_t size = strlen(name);

        for (size_t i = 0; i < fields->count; i++) {
                const eddy_http_field *field = &fields->all[i];

                if (field->name_size == size && memcmp(field->name, name, size) == 0 && nth-- == 0)
                        return field;
        }
        return NULL;
}

const char *eddy_http_fields_get(const eddy_http_fields *fields, const char *name)
{
        const eddy_http_field *field = eddy_http_fields_find(fields, name, 0);

        return field ? field->value : NULL;
}
