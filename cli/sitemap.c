#include "sitemap.h"

#include <stdlib.h>
#include <string.h>

enum { LOC_MAX = 8192 }; /* bytes; the protocol allows 2,048 */

/** A reading. */
struct reader {
        const char *at, *end;
        const char *prefix; /* that the outermost element's name has, with its colon, and its length */
        size_t prefix_size;
        bool has_root;
        enum { NOWHERE, IN_URL, IN_SITEMAP } place;
        bool is_in_loc;
        char loc[LOC_MAX + 1];
        size_t size; /* more than LOC_MAX: too much */
        int (*add)(const char *url, bool is_sitemap, void *arg);
        void *arg;
};

static void add_bytes(struct reader *r, const char *bytes, size_t n)
{
        if (!r->is_in_loc)
                return;
        if (n > LOC_MAX - (r->size < LOC_MAX ? r->size : LOC_MAX))
                r->size = LOC_MAX + 1;
        if (r->size > LOC_MAX)
                return;
        memcpy(r->loc + r->size, bytes, n);
        r->size += n;
}

static void add_character(struct reader *r, unsigned long code)
{
        char bytes[4];

        if (code < 0x80) {
                bytes[0] = (char)code;
                add_bytes(r, bytes, 1);
        } else if (code < 0x800) {
                bytes[0] = (char)(0xc0 | code >> 6);
                bytes[1] = (char)(0x80 | (code & 0x3f));
                add_bytes(r, bytes, 2);
        } else if (code < 0x10000) {
                bytes[0] = (char)(0xe0 | code >> 12);
                bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
                bytes[2] = (char)(0x80 | (code & 0x3f));
                add_bytes(r, bytes, 3);
        } else if (code < 0x110000) {
                bytes[0] = (char)(0xf0 | code >> 18);
                bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
                bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
                bytes[3] = (char)(0x80 | (code & 0x3f));
                add_bytes(r, bytes, 4);
        }
}

/* "&...;", as it is where it is none that is known. How long it was. */
static size_t add_entity(struct reader *r, const char *at, size_t n)
{
        static const struct {
                const char *name;
                char byte;
        } known[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
        const char *stop = memchr(at, ';', n < 12 ? n : 12);
        char digits[12], *end;
        unsigned long code;

        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
                size_t size = strlen(known[i].name);

                if (n >= size && memcmp(at, known[i].name, size) == 0) {
                        add_bytes(r, &known[i].byte, 1);
                        return size;
                }
        }
        if (!stop || at[1] != '#') {
                add_bytes(r, at, 1);
                return 1;
        }
        memcpy(digits, at + 2, (size_t)(stop - at - 2));
        digits[stop - at - 2] = '\0';
        code = digits[0] == 'x' || digits[0] == 'X' ? strtoul(digits + 1, &end, 16) : strtoul(digits, &end, 10);
        if (*end == '\0' && code > 0)
                add_character(r, code);
        else
                add_bytes(r, at, (size_t)(stop + 1 - at));
        return (size_t)(stop + 1 - at);
}

static void add_text(struct reader *r, const char *at, const char *end)
{
        while (at < end) {
                const char *entity = memchr(at, '&', (size_t)(end - at));

                add_bytes(r, at, (size_t)((entity ? entity : end) - at));
                if (!entity)
                        return;
                at = entity + add_entity(r, entity, (size_t)(end - entity));
        }
}

/* Behind the next of these; the end where there is none. */
static const char *behind(const char *at, const char *end, const char *what)
{
        const char *found = memmem(at, (size_t)(end - at), what, strlen(what));

        return found ? found + strlen(what) : end;
}

static int end_loc(struct reader *r)
{
        const char *url = r->loc;

        if (!r->is_in_loc)
                return 0;
        r->is_in_loc = false;
        if (r->size > LOC_MAX)
                return 0;
        while (r->size > 0 && strchr(" \t\r\n", r->loc[r->size - 1]))
                r->size--;
        r->loc[r->size] = '\0';
        url += strspn(url, " \t\r\n");
        return *url ? r->add(url, r->place == IN_SITEMAP, r->arg) : 0;
}

static bool is_called(const char *name, size_t n, const char *wanted)
{
        return n == strlen(wanted) && memcmp(name, wanted, n) == 0;
}

/* The outermost element: whether this is a sitemap at all. */
static bool begin_root(struct reader *r, const char *name, size_t n)
{
        const char *colon = memchr(name, ':', n);

        r->has_root = true;
        r->prefix = name;
        r->prefix_size = colon ? (size_t)(colon + 1 - name) : 0;
        name += r->prefix_size;
        n -= r->prefix_size;
        return is_called(name, n, "urlset") || is_called(name, n, "sitemapindex");
}

/* What is between '<' and '>', of which the latter is there. */
static int take_tag(struct reader *r, const char *name)
{
        bool closes = *name == '/';
        size_t n;

        name += closes;
        n = strcspn(name, " \t\r\n/>");
        if (!r->has_root)
                return begin_root(r, name, n) ? 0 : -1;
        if (n < r->prefix_size || memcmp(name, r->prefix, r->prefix_size) != 0)
                return 0;
        name += r->prefix_size;
        n -= r->prefix_size;
        if (is_called(name, n, "loc")) {
                if (closes)
                        return end_loc(r);
                r->is_in_loc = r->place != NOWHERE;
                r->size = 0;
        } else if (is_called(name, n, "url") || is_called(name, n, "sitemap")) {
                r->place = closes ? NOWHERE : *name == 'u' ? IN_URL : IN_SITEMAP;
        }
        return 0;
}

static int take_markup(struct reader *r)
{
        const char *at = r->at, *end = r->end, *stop;
        size_t left = (size_t)(end - at);

        if (left >= 4 && memcmp(at, "<!--", 4) == 0) {
                r->at = behind(at + 4, end, "-->");
                return 0;
        }
        if (left >= 9 && memcmp(at, "<![CDATA[", 9) == 0) {
                r->at = behind(at + 9, end, "]]>");
                stop = r->at - at >= 12 && memcmp(r->at - 3, "]]>", 3) == 0 ? r->at - 3 : r->at;
                add_bytes(r, at + 9, (size_t)(stop - at - 9));
                return 0;
        }
        stop = memchr(at, '>', left);
        r->at = stop ? stop + 1 : end;
        if (!stop || at[1] == '?' || at[1] == '!')
                return 0;
        return take_tag(r, at + 1);
}

int sitemap_read(const char *text, size_t n, int (*add)(const char *url, bool is_sitemap, void *arg), void *arg)
{
        struct reader *r = calloc(1, sizeof *r);
        int rc = r ? 0 : -1;

        if (!r)
                return rc;
        r->at = text;
        r->end = text + n;
        r->add = add;
        r->arg = arg;
        while (rc == 0 && r->at < r->end) {
                const char *next = memchr(r->at, '<', (size_t)(r->end - r->at));

                add_text(r, r->at, next ? next : r->end);
                r->at = next ? next : r->end;
                if (next)
                        rc = take_markup(r);
        }
        if (rc == 0 && !r->has_root)
                rc = -1;
        free(r);
        return rc;
}
