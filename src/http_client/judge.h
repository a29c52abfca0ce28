/* What an answer is good for, where a file is fetched in parts: its bytes must all be proven to be of one version. */
#ifndef HTTP_CLIENT_JUDGE_H
#define HTTP_CLIENT_JUDGE_H

#include <eddy/http_client.h>

/** What is here of a file, and what was asked for: from byte `size` on. */
struct kept {
        int64_t size;          /* 0, and no `end`: the whole was asked for */
        int64_t total;         /* of the whole file; -1: not known */
        const char *validator; /* the strong ETag or the date of their version; NULL: nothing tells it */
        int64_t end;           /* where the part ends that was asked for; 0: with the file */
        bool is_proven_later;  /* no validator is asked for: a checksum of the whole will tell */
};

enum verdict {
        VERDICT_NONE,     /* there was no answer */
        VERDICT_WHOLE,    /* the file, from its first byte on */
        VERDICT_REST,     /* exactly what was asked for, of the version that is here */
        VERDICT_UNPROVEN, /* bytes, but nothing proves that they are what was asked for: none may be used */
        VERDICT_LATER,    /* not now */
        VERDICT_REFUSED,  /* never */
};

struct judgement {
        enum verdict verdict;
        int64_t total;      /* of the whole file as this answer has it; -1: not known */
        const char *reason; /* of VERDICT_UNPROVEN, in words */
};

/**
 * Judge an answer's head.
 *
 * @param kept  what is here. Where a part was asked for, it was by Range and, with a validator, If-Range
 */
struct judgement judge(const eddy_http_response *response, const struct kept *kept);

/** What proves, in If-Range and in the answer to it, that bytes belong to those of this whole answer: its strong ETag, or
 * its date where its length is known; NULL: nothing does. */
const char *judge_validator(const eddy_http_response *response);

#endif
