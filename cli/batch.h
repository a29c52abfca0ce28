/* What `eddy fetch` is doing, as the displays see it. */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include "bars.h"
#include "fetch_name.h"
#include "url_list.h"

#include <eddy/http_client.h>

enum { HEADERS_MAX = 64 };

enum item_state { ITEM_WAITING, ITEM_RUNNING, ITEM_ARRIVED, ITEM_SKIPPED, ITEM_FAILED };

/** One URL. Owned by the batch. */
struct item {
        struct batch *batch;
        char *url;
        char **mirrors; /* NULL behind the last; NULL: none */
        char *checksum; /* or NULL */
        char *path;     /* where it goes, within the batch's folder; NULL until it begins */
        enum item_state state;
        bool is_foreign;         /* of another host than the one whose sitemap lists it */
        bool is_listed;          /* by a server, which has chosen the mirrors too */
        bool is_named_by_server; /* its path is by the answer, not by the URL */
        bool is_there;           /* a file of that path was there before */
        bool has_progress;       /* the server has begun to answer */
        bool is_pausing;         /* before a retry */
        int64_t received;        /* bytes in its file */
        int64_t total;           /* of them in the end; -1: not known */
        unsigned retries;
        eddy_time started, ended;
        int error; /* why it failed, and in words: */
        char *detail;
        int status; /* of the last HTTP answer, or 0 */
        struct item *next_running, **previous_running;
};

struct batch;

/** A way to show a batch. Every function may be NULL. */
struct display {
        void (*begin)(struct batch *batch);
        void (*retrying)(struct batch *batch, const struct item *item, eddy_duration delay);
        void (*ended)(struct batch *batch, const struct item *item); /* in a state that is final */
        void (*tick)(struct batch *batch);                           /* several times a second */
        void (*end)(struct batch *batch);                            /* the summary */
};

extern const struct display display_terminal, display_plain, display_json;

/** Everything that was asked for. */
struct batch {
        struct item *items;
        size_t count, capacity;
        size_t next;                          /* not begun yet */
        struct item *running, **last_running; /* in the order in which they began */
        size_t running_count;
        size_t arrived, skipped, failed, retries;
        int64_t transferred; /* bytes that came over the network */
        int64_t in_files;    /* bytes of all items, received or there before */
        int64_t known_total; /* of items whose size is known */
        size_t known_count;
        eddy_time started, ended;
        bool is_interrupted;
        eddy_time last_report; /* of the display, and what it told then: */
        int64_t last_transferred;
        double rate;      /* bytes a second, lately */
        struct bars bars; /* that are drawn */

        const struct display *display;
        const char *
            folder; /* for files, as it was named; the process is there, so that the kernel looks for it but once */
        const char *url_file; /* of which the URLs are, or NULL */
        const char *from;     /* a sitemap or list, or NULL */
        long parallel, segments, retry_limit;
        double timeout, max_wait; /* seconds */
        bool takes_names;         /* from Content-Disposition */
        bool insecure;
        int64_t receive_rate;                 /* bytes a second; 0: no bound */
        const char *proxy;                    /* NULL: as the environment says */
        char *user;                           /* USER:PASSWORD, or NULL */
        const char *headers[HEADERS_MAX + 1]; /* NULL behind the last */
        const char *mirrors[URL_MIRRORS_MAX]; /* of the one URL on the command line */
        const char *checksum;                 /* likewise, or NULL */
        unsigned header_count, mirror_count;
        struct from_sitemap *sitemaps, **last_sitemap; /* to be fetched first */
        size_t sitemap_count, left_out;                /* in all; of what they list, or of themselves */
        size_t complaints;                             /* about what they list */
        enum fetch_existing existing;
        struct fetch_names names;
        struct fetch_names there; /* what was in the folder before, */
        bool knows_there;         /* where that is known */
        eddy_http_client *client;
        eddy_timer ticker, flusher;
        bool has_output; /* that the flusher will send on its way */
};

/** An item's file name; its URL before it has one. */
const char *item_name(const struct item *item);

/** Add a URL to a batch, zeroed before the first. 0, or CLI_FAILED without memory, which has been said. */
int batch_add(const struct url_line *line, void *batch);

/** Give an item these mirrors and this checksum. 0, or CLI_FAILED without memory, which has been said. */
int item_complete(struct item *item, const struct url_line *line);

/** Fill in what all requests of a batch have; one to a foreign host without what that one is not to know. */
void batch_prepare_request(const struct batch *batch, eddy_http_request *request, bool is_foreign);

/** Forget those beyond the first `count`, of which none has begun. */
void batch_shrink(struct batch *batch, size_t count);

void batch_finish(struct batch *batch);

/** Send what has been written to standard output on its way within a moment. In the loop. */
void batch_flush_soon(struct batch *batch);

/** Download all; an exit code. */
int fetch_run(struct batch *batch);

/** How many bytes all items will be, as far as one can guess; -1: not at all. */
int64_t batch_expected(const struct batch *batch);

/** Describe in a sentence or two how it ended. */
void batch_summary(const struct batch *batch, char *text, size_t size);

enum { SUMMARY_MAX = 512 };

/** Write a size such as "1.5 MB". */
const char *format_size(char text[16], double bytes);

#endif
