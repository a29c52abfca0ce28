/* The table of answers is in docs/http.md. */
#include "http_client/judge.h"
#include "http_client/header.h"
#include "http_client/retry.h"
#include "http_common/date.h"

#include <string.h>
#include <strings.h>

/** "bytes 100-199/200". */
struct range {
        int64_t first, last, total;
};

/* Whole and consistent; a range of an unknown total proves nothing. */
static bool parse_range(const char *text, struct range *range)
{
        const char *at =
            text && strncasecmp(text, "bytes ", 6) == 0 ? header_parse_number(text + 6, &range->first) : NULL;

        at = at && *at == '-' ? header_parse_number(at + 1, &range->last) : NULL;
        at = at && *at == '/' ? header_parse_number(at + 1, &range->total) : NULL;
        return at && *at == '\0' && range->first <= range->last && range->last < range->total;
}

static bool is_encoded(const eddy_http_response *response)
{
        const char *encoding = eddy_http_response_header(response, "content-encoding");

        return encoding && *encoding && strcasecmp(encoding, "identity") != 0;
}

static bool is_multipart(const eddy_http_response *response)
{
        const char *type = eddy_http_response_header(response, "content-type");

        return type && strncasecmp(type, "multipart/byteranges", 20) == 0;
}

/* One with a line end in it could not be asked for. */
static bool is_strong_etag(const char *text)
{
        for (const char *at = text; *at; at++)
                if ((unsigned char)*at < ' ' || *at == 0x7f)
                        return false;
        return text[0] == '"' && text[1] != '\0' && text[strlen(text) - 1] == '"';
}

/* A file that was changed in the second in which it was sent may be changed again in it (RFC 9110 8.8.2.2). */
static bool is_strong_date(const eddy_http_response *response, const char *modified)
{
        const char *date = eddy_http_response_header(response, "date");
        time_t sent, changed;

        if (!http_date_parse(modified, strlen(modified), &changed))
                return false;
        return !date || !http_date_parse(date, strlen(date), &sent) || sent > changed;
}

const char *judge_validator(const eddy_http_response *response)
{
        const char *ranges = eddy_http_response_header(response, "accept-ranges");
        const char *etag = eddy_http_response_header(response, "etag");
        const char *modified = eddy_http_response_header(response, "last-modified");

        /* Parts of what was encoded are parts of one encoding of it, and that may be another one each time. */
        if ((ranges && strcasecmp(ranges, "none") == 0) || is_encoded(response))
                return NULL;
        if (etag && is_strong_etag(etag))
                return etag;
        return modified && response->length >= 0 && is_strong_date(response, modified) ? modified : NULL;
}

static bool asked_for_part(const struct kept *kept)
{
        return kept->size > 0 || kept->end > 0;
}

static bool is_same_version(const eddy_http_response *response, const struct kept *kept)
{
        const char *name, *validator;

        if (kept->is_proven_later)
                return true;
        if (!kept->validator)
                return false;
        name = kept->validator[0] == '"' ? "etag" : "last-modified";
        validator = eddy_http_response_header(response, name);
        return validator && strcmp(validator, kept->validator) == 0;
}

/* NULL where it is the rest, else why not. */
static const char *fault_of_rest(const eddy_http_response *response, const struct kept *kept,
                                 const struct range *range)
{
        if (!is_same_version(response, kept))
                return "a part of another version";
        if (kept->total >= 0 ? range->total != kept->total : !kept->validator || kept->validator[0] != '"')
                return "a part of a file of another size";
        if (range->first != kept->size || range->last != (kept->end > 0 ? kept->end : range->total) - 1)
                return "another part than it was asked for";
        if (response->length >= 0 && response->length != range->last + 1 - range->first)
                return "a part of another length than it says";
        return NULL;
}

static struct judgement judge_part(const eddy_http_response *response, const struct kept *kept)
{
        struct judgement judgement = {VERDICT_UNPROVEN, -1, NULL};
        struct range range;

        if (!asked_for_part(kept))
                judgement.reason = "a part, and was asked for the whole";
        else if (is_multipart(response) || is_encoded(response))
                judgement.reason = "a part in another form than it was asked for";
        else if (!parse_range(eddy_http_response_header(response, "content-range"), &range))
                judgement.reason = "a part, and does not say of what";
        else
                judgement.reason = fault_of_rest(response, kept, &range);
        if (!judgement.reason)
                judgement = (struct judgement){VERDICT_REST, range.total, NULL};
        return judgement;
}

/* Some call a part a whole: a Content-Range has no place here, unless it is of all there is. */
static struct judgement judge_whole(const eddy_http_response *response, const struct kept *kept)
{
        const char *text = eddy_http_response_header(response, "content-range");
        struct range range;
        bool is_all = !text || (parse_range(text, &range) && range.first == 0 && range.last == range.total - 1);

        if (!is_all || (asked_for_part(kept) && is_multipart(response)))
                return (struct judgement){VERDICT_UNPROVEN, -1, "a part, and calls it the whole"};
        return (struct judgement){VERDICT_WHOLE, response->length, NULL};
}

struct judgement judge(const eddy_http_response *response, const struct kept *kept)
{
        switch (response->status) {
        case 200:
                return judge_whole(response, kept);
        case 206:
                return judge_part(response, kept);
        case 416:
                /* Of another version, then: the one that is here has more. */
                return asked_for_part(kept) ? (struct judgement){VERDICT_UNPROVEN, -1, "no such part"}
                                            : (struct judgement){VERDICT_REFUSED, -1, NULL};
        default:
                return (struct judgement){
                    retry_status_may_pass(response->status) ? VERDICT_LATER : VERDICT_REFUSED, -1, NULL};
        }
}
