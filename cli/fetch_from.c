/* What --from names: a sitemap, or a list of URLs, in a file, on standard input or by HTTP. */
#include "fetch_from.h"
#include "cli.h"
#include "sitemap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        SIZE_MOST = 64 * 1024 * 1024, /* bytes; the protocol allows 50 MB, uncompressed */
        DEPTH_MOST = 2,               /* an index lists sitemaps, and no index */
        SITEMAPS_MOST = 50000,
        LISTED_MOST = 1000000, /* URLs that servers may list in all: some 300 MB of memory */
        COMPLAINTS_MOST = 20,  /* of what is left out */
};

/** A sitemap to be fetched. Owned by the batch. */
struct from_sitemap {
        struct from_sitemap *next;
        int depth;
        bool is_foreign; /* of another host than the first */
        char url[];
};

/** A sitemap that is being read. */
struct from_reading {
        struct batch *batch;
        const char *name;
        const struct from_sitemap *sitemap; /* NULL: a file of the user's own */
};

static int say(const char *name, const char *what)
{
        char shown[512], said[512];

        cli_printable(shown, sizeof shown, name);
        cli_printable(said, sizeof said, what); /* a detail may have a server's words in it */
        fprintf(stderr, "eddy fetch: %s %s\n", shown, said);
        return CLI_FAILED;
}

/* What a site lists of others gets no password and no header that is meant for the site. */
static bool leads_elsewhere(const struct from_sitemap *from, const char *url)
{
        return from && (from->is_foreign || !eddy_http_is_same_origin(from->url, url));
}

static void leave_out(struct batch *batch, const char *name, const char *url, const char *why)
{
        batch->left_out++;
        if (batch->complaints++ >= COMPLAINTS_MOST)
                return;
        say(name, "lists what cannot be fetched, which is left out:");
        say(url, why);
}

/* A site without end is not for fetching a part of it, which nobody has chosen. */
static int refuse_all(struct batch *batch, const char *name)
{
        char why[128];

        snprintf(why, sizeof why,
                 "lists more than %d URLs with those before; nothing is fetched: choose some of them",
                 LISTED_MOST);
        batch->left_out++;
        batch->next = batch->count;
        return say(name, why);
}

static int add_sitemap(struct batch *batch, const char *url, const struct from_sitemap *from)
{
        struct from_sitemap *sitemap;

        sitemap = malloc(sizeof *sitemap + strlen(url) + 1);
        if (!sitemap)
                return cli_no_memory("eddy fetch");
        batch->sitemap_count++;
        strcpy(sitemap->url, url);
        sitemap->depth = from ? from->depth + 1 : 0;
        sitemap->is_foreign = leads_elsewhere(from, url);
        sitemap->next = NULL;
        *batch->last_sitemap = sitemap;
        batch->last_sitemap = &sitemap->next;
        return 0;
}

static int add_loc(const char *url, bool is_sitemap, void *arg)
{
        struct from_reading *reading = arg;
        const struct from_sitemap *from = reading->sitemap;
        const char *fault = url_fault(url, strlen(url));
        int rc;

        if (!fault && is_sitemap && from && from->depth == DEPTH_MOST)
                fault = "is a sitemap within sitemaps of sitemaps";
        if (!fault && is_sitemap && reading->batch->sitemap_count == SITEMAPS_MOST)
                fault = "is a sitemap too many";
        if (fault) {
                leave_out(reading->batch, reading->name, url, fault);
                return 0;
        }
        if (is_sitemap)
                return add_sitemap(reading->batch, url, from);
        if (from && reading->batch->count == LISTED_MOST)
                return refuse_all(reading->batch, reading->name);
        rc = batch_add(&(struct url_line){.url = url}, reading->batch);
        if (rc == 0)
                reading->batch->items[reading->batch->count - 1].is_foreign = leads_elsewhere(from, url);
        return rc;
}

static bool is_xml(const char *text)
{
        if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
                text += 3;
        return text[strspn(text, " \t\r\n")] == '<';
}

static int read_sitemap(struct from_reading *reading, const char *text, size_t n)
{
        int rc = sitemap_read(text, n, add_loc, reading);

        return rc == -1 ? say(reading->name, "is no sitemap: it has neither <urlset> nor <sitemapindex>") : rc;
}

static char *read_all(FILE *file, size_t *n)
{
        size_t capacity = 64 * 1024;
        char *text = malloc(capacity + 1), *larger;

        *n = 0;
        while (text) {
                *n += fread(text + *n, 1, capacity - *n, file);
                text[*n] = '\0';
                if (*n < capacity)
                        return text;
                if (capacity >= SIZE_MOST) {
                        free(text);
                        errno = EFBIG;
                        return NULL;
                }
                larger = realloc(text, 2 * capacity + 1);
                if (!larger)
                        free(text);
                text = larger;
                capacity *= 2;
        }
        return NULL;
}

static int add_line(const struct url_line *line, void *arg)
{
        struct from_reading *reading = arg;
        struct batch *batch = reading->batch;
        int rc;

        if (reading->sitemap && batch->count == LISTED_MOST)
                return refuse_all(batch, reading->name);
        rc = batch_add(line, batch);
        if (rc == 0) {
                struct item *item = &batch->items[batch->count - 1];

                item->is_foreign = leads_elsewhere(reading->sitemap, line->url);
                item->is_listed = reading->sitemap != NULL;
        }
        return rc;
}

static int refuse_empty(const char *name)
{
        char shown[512];

        cli_printable(shown, sizeof shown, name);
        return cli_usage_error("eddy fetch", "%s has no URL in it", shown);
}

/* A list that is not right is not taken at all. */
static int read_list(struct from_reading *reading, char *text, size_t n)
{
        size_t before = reading->batch->count;
        FILE *memory = fmemopen(text, n, "r");
        char shown[512];
        int rc;

        if (!memory)
                return cli_no_memory("eddy fetch");
        cli_printable(shown, sizeof shown, reading->name);
        rc = url_list_read(memory, shown, add_line, reading);
        if (rc == CLI_USAGE)
                batch_shrink(reading->batch, before);
        fclose(memory);
        return rc == 0 && reading->batch->count == before ? refuse_empty(reading->name) : rc;
}

static bool is_compressed(const char *text, size_t n)
{
        return n >= 2 && memcmp(text, "\x1f\x8b", 2) == 0;
}

/* n bytes, and a zero behind them. 0; CLI_USAGE for a list that is not right, or CLI_FAILED, which has been said. */
static int read_text(struct batch *batch, const char *name, char *text, size_t n,
                     const struct from_sitemap *sitemap)
{
        struct from_reading reading = {batch, name, sitemap};

        if (is_compressed(text, n))
                return say(name, "is compressed; unpack it first");
        if (is_xml(text))
                return read_sitemap(&reading, text, n);
        return n > 0 ? read_list(&reading, text, n) : refuse_empty(name); /* no stream is of no bytes */
}

static int read_file(struct batch *batch, FILE *file, const char *name)
{
        size_t n;
        char *text = read_all(file, &n);
        int rc;

        if (!text) {
                fprintf(stderr, "eddy fetch: cannot read %s: %m\n", name);
                return CLI_FAILED;
        }
        if (ferror(file))
                rc = cli_usage_error("eddy fetch", "cannot read %s: %m", name);
        else
                rc = read_text(batch, name, text, n, NULL) == 0 ? 0 : CLI_USAGE;
        free(text);
        return rc;
}

int from_read(struct batch *batch, const char *name)
{
        FILE *file;
        int rc;

        if (!url_fault(name, strlen(name)))
                return add_sitemap(batch, name, NULL);
        if (strcmp(name, "-") == 0)
                return read_file(batch, stdin, "standard input");
        file = fopen(name, "r");
        if (!file)
                return cli_usage_error("eddy fetch", "cannot read %s: %m", name);
        rc = read_file(batch, file, name);
        fclose(file);
        return rc;
}

static int fetch_sitemap(struct batch *batch, const struct from_sitemap *sitemap)
{
        eddy_http_response response;
        eddy_http_request request = {.url = sitemap->url};
        char *text = NULL, why[64];
        int rc = CLI_FAILED;
        ssize_t n;

        batch_prepare_request(batch, &request, sitemap->is_foreign);
        n = eddy_http_send(batch->client, &request, &response);
        if (n == 0 && response.status != 200) {
                snprintf(why, sizeof why, "is not to be had: the server answered %d", response.status);
                rc = say(sitemap->url, why);
        } else if (n == 0) {
                n = eddy_http_response_read_all(&response, &text, SIZE_MOST);
        }
        if (n < 0)
                rc = say(sitemap->url, eddy_error_detail());
        else if (text)
                rc = read_text(batch, sitemap->url, text, (size_t)n, sitemap);
        eddy_free(text);
        eddy_http_response_finish(&response);
        return rc;
}

int from_fetch(struct batch *batch)
{
        for (const struct from_sitemap *sitemap = batch->sitemaps; sitemap; sitemap = sitemap->next) {
                int rc = fetch_sitemap(batch, sitemap);

                batch->left_out += rc != 0;
                if (rc == CLI_USAGE && sitemap->depth == 0)
                        return rc; /* as of a file: nothing is fetched */
                if (eddy_interrupted() < 0)
                        return eddy_interrupted();
                if (batch->count > 0 && batch->next == batch->count)
                        break; /* all is refused */
        }
        if (batch->complaints > COMPLAINTS_MOST)
                fprintf(stderr, "eddy fetch: ... and %zu more\n", batch->complaints - COMPLAINTS_MOST);
        if (batch->sitemaps && batch->count == 0 && batch->left_out == 0)
                return refuse_empty(batch->sitemaps->url);
        return 0;
}

void from_finish(struct batch *batch)
{
        while (batch->sitemaps) {
                struct from_sitemap *next = batch->sitemaps->next;

                free(batch->sitemaps);
                batch->sitemaps = next;
        }
}
