/* A download as the files see it that share it: download.c repeats, worker.c transfers, segments.c divides. */
#ifndef HTTP_CLIENT_DOWNLOAD_H
#define HTTP_CLIENT_DOWNLOAD_H

#include "http_client/judge.h"
#include "http_client/part.h"

#include <eddy/group.h>
#include <eddy/http_client.h>
#include <eddy/sync.h>
#include <eddy/timeout.h>

enum {
        SEGMENTS_MAX = 16,
        SOURCES_MAX = 32, /* the request's URL and mirrors */
};

/** After which who has nothing to do looks again whether somebody has become slow. */
#define SEGMENTS_PATIENCE eddy_ms(200)

/** The bytes of a file are counted, so they must come as they are. */
#define HEADER_IDENTITY "Accept-Encoding: identity"

struct download;

/** Who transfers: the download's own task, or a helper of it. */
struct worker {
        struct download *download;
        unsigned source; /* index of the URL */
        struct gap *gap; /* that it fills; NULL: none. Means something while `epoch` is the part's */
        unsigned epoch;
        int64_t at, limit; /* where the next byte of the body belongs, and where the last one ends */
        struct kept asked; /* what the latest request was for */
        bool wants_part;   /* ... a part, not the whole */
        bool has_all;      /* of what was of use: the rest of the answer belongs to others, or is here */
        struct judgement judgement; /* of the answer to it */
        int64_t refusal_size;       /* bytes of an error page so far */
        int file_error;             /* why the file could not be written, or 0 */
        eddy_http_response *response;
        eddy_timeout *deadline; /* of the transfer under way; NULL: there is none */
        eddy_time began;        /* the transfer, of which came: */
        int64_t came;
        eddy_time latest; /* when something came, or it began */
        double rate;      /* bytes a second, of the latest transfer that told it */
};

/** A download under way. Lives in eddy_http_download()'s frame. */
struct download {
        eddy_http_client *client;
        const eddy_http_request *request;
        const eddy_http_download_options *options;
        const char *urls[SOURCES_MAX + 1]; /* the request's, and mirrors; NULL behind the last */
        unsigned url_count;
        bool is_useless[SOURCES_MAX]; /* has failed for good, or has another version */
        const char **headers;         /* the request's, and ours */
        const char *path;             /* the final name */
        bool is_path_chosen;          /* by options->choose_path() */
        int path_error;               /* why there is no final name, or 0 */
        struct part part;
        struct worker self;
        eddy_group *group;                       /* of the helpers; NULL: none are wanted */
        struct worker helpers[SEGMENTS_MAX - 1]; /* a free place has no download */
        unsigned helpers_running;
        bool is_alone;             /* the server does not prove parts: one connection brings all */
        bool is_mixed;             /* what is here came from several URLs, */
        bool is_pieced;            /* or in several answers */
        bool is_anew[SOURCES_MAX]; /* was asked for the whole since, as the sum of pieces was wrong */
        eddy_event changed;        /* a helper's transfer has ended */
};

/** Have a worker transfer what fills its gap, from its source. 0: what was of use came; or an error, described. */
int worker_transfer(struct worker *worker);

/** Whether its latest failure may pass. */
bool worker_is_worth_retrying(const struct worker *worker, int rc);

/** How long to wait before the nth attempt after the first. */
eddy_duration worker_delay(const struct worker *worker, unsigned nth);

/** The longest pause that a server is granted. */
eddy_duration download_longest_wait(const struct download *download);

/** Ask options->choose_path() for the final name, once. 0 or -EEXIST. */
int download_choose_path(struct download *download, const eddy_http_response *response);

/** What proves that parts from a source are of the version that is here: docs/http.md has the table. */
enum source_proof {
        PROOF_NONE,      /* nothing */
        PROOF_VALIDATOR, /* If-Range, and the same validator in the answer */
        PROOF_CHECKSUM,  /* the same size, and the checksum of the whole in the end */
};

enum source_proof source_proof(const struct download *download, unsigned source);

/** Have others help where the answer proves parts and there is enough for them. The loop calls this. */
void segments_spread(struct download *download);

/** Take a gap, or a share of somebody else's. False: there is nothing to do for this worker now. */
bool segments_take(struct worker *worker);

/** Leave what was taken to others. */
void segments_leave(struct worker *worker);

/** Whether helpers are at work or will be. */
bool segments_are_helped(const struct download *download);

#endif
