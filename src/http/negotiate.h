/* Which content coding an answer gets: what a client takes, what is worth it, and what an answer's head says then. */
#ifndef HTTP_NEGOTIATE_H
#define HTTP_NEGOTIATE_H

#include "http/parser.h"
#include "http_common/coding.h"

#include <eddy/http_server.h>

/** What Accept-Encoding says, in all its lines; in thousandths, negative where it says nothing. */
struct acceptance {
        short quality[CODINGS];
        short star;
};

/** What a client takes that says nothing. */
void acceptance_begin(struct acceptance *acceptance);

/** Add a line's value. An element that is malformed is not there, and the others are. */
void acceptance_add(struct acceptance *acceptance, const char *value, size_t n);

/** What a request takes. */
void acceptance_of(struct acceptance *acceptance, const struct http_request *request, const char *head);

/** How much a client likes a coding; 0: it must not be sent. "*" stands for gzip, deflate and identity: what came later is sent only to
 * who names it. */
int acceptance_quality(const struct acceptance *acceptance, enum coding coding);

/** How a service codes its answers. */
struct coding_options {
        enum coding order[CODINGS]; /* what is sent, the best first; IDENTITY behind the last */
        signed char levels[CODINGS];
        int64_t least_size; /* of a body that it is worth it for */
};

/** On the way what costs least for what it saves is best, and of files that lie there what is smallest. */
extern const struct coding_options coding_defaults, coding_of_files;

/** Make them of what a program says: 0, or -EINVAL and a detail. */
int coding_options_read(struct coding_options *options, const eddy_http_coding *codings, size_t least_size);

/** The best of some codings, 1 << each: the client's weights decide, and among equals the order of the service. A coding is better
 * than none where the client does not say otherwise. IDENTITY: none of them. */
enum coding acceptance_choose(const struct acceptance *acceptance, const struct coding_options *options,
                              unsigned among);

/** Whether a Content-Type is of what becomes smaller: text and the like, and not what is compressed already. NULL is not. */
bool coding_is_worth(const char *content_type);

/** Whether a Content-Type is of events that are read one by one, so that each must be flushed. */
bool coding_is_live(const char *content_type);

/** What is asked. HEAD is asked as GET is. */
struct coding_question {
        const struct coding_options *options;
        const struct acceptance *acceptance;
        const char *if_none_match; /* as it was sent, its lines joined; used with status 304. May be NULL */
        int status;
        const char *content_type;   /* NULL: not known */
        const char *const *headers; /* lines "Name: value", NULL behind the last; or NULL */
        int64_t size;               /* of the body before it is coded; negative: not known */
        bool is_off;                /* this answer is to be sent as it is */
        bool would_grow;            /* to code it has been tried in vain */
};

/** How to answer. It points into the question's headers. */
struct coding_plan {
        enum coding coding;
        int level;
        bool is_live;         /* flush after each piece */
        bool is_unacceptable; /* the client takes nothing that there is: it is sent as it is, or 406 */
        const char *lines[4]; /* to send besides what is kept of the answer's headers; NULL behind the last */
        const char *etag;     /* that is sent, by one or the other; NULL: none */
        size_t etag_size;
        bool replaces_etag, replaces_vary, replaces_coding;
        char encoding_line[32], etag_line[320], vary_line[320];
};

void coding_plan(struct coding_plan *plan, const struct coding_question *question);

/** Whether a line of the answer's headers is sent. Not what is said anew, nor what is true of the body before it is coded only: its
 * length, its digests, and that there are ranges of it. */
bool coding_plan_keeps(const struct coding_plan *plan, const char *line);

/** Whether If-None-Match, as it was sent, names what would be sent: to GET and HEAD status 304 will do. */
bool coding_plan_is_unchanged(const struct coding_plan *plan, const char *if_none_match);

#endif
