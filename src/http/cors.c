#include <eddy/http_cors.h>

#include "base/memory.h"
#include "http/line.h"
#include "http/strict.h"
#include <string.h>

enum { MAX_ORIGIN = 280, MAX_AGE = 24 * 3600 };

#define ALLOW_ORIGIN "Access-Control-Allow-Origin: "

/* Lines that do not depend on the request; NULL: they are not sent. */
struct eddy_http_cors {
        char *origins; /* each with a line's end behind it */
        char *methods, *headers, *exposed;
        char max_age[48];
        bool is_for_all; /* the origins are "*" */
        bool credentials;
};

static bool is_all(const char *text)
{
        return strcmp(text, "*") == 0;
}

static bool has_all(const char *const *list)
{
        for (; list && *list; list++)
                if (is_all(*list))
                        return true;
        return false;
}

static bool is_token(const char *text)
{
        size_t n = 0;

        while (http_is_token_byte(text[n]))
                n++;
        return n > 0 && text[n] == '\0';
}

static int check_tokens(const char *const *list, const char *what)
{
        for (; list && *list; list++)
                if (!is_token(*list))
                        return eddy_fail(-EINVAL, "\"%.100s\" is no %s", *list, what);
        return 0;
}

static bool ends(const char *text, const char *end)
{
        size_t n = strlen(text), size = strlen(end);

        return n >= size && strcmp(text + n - size, end) == 0;
}

/* Whether a browser may send it: in lower case, without a path, and without the port that goes without saying. */
static bool is_origin(const char *text)
{
        static const char scheme[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.",
                          host[] = "abcdefghijklmnopqrstuvwxyz0123456789-._:[]";
        size_t n = strspn(text, scheme);
        const char *at;

        if (strcmp(text, "null") == 0)
                return true;
        if (n == 0 || text[0] < 'a' || strncmp(text + n, "://", 3) != 0 || strlen(text) > MAX_ORIGIN)
                return false;
        at = text + n + 3;
        if (at[strspn(at, host)] != '\0' || !http_is_host(at, strlen(at)) || ends(at, ":"))
                return false;
        return !(strncmp(text, "http:", 5) == 0 && ends(at, ":80")) &&
               !(strncmp(text, "https:", 6) == 0 && ends(at, ":443"));
}

static int check_origins(const eddy_http_cors_options *options)
{
        const char *const *list = options->origins;

        for (; list && *list; list++) {
                if (is_all(*list) && (list > options->origins || list[1]))
                        return eddy_fail(-EINVAL, "the origin \"*\" goes with no other");
                if (!is_all(*list) && !is_origin(*list))
                        return eddy_fail(
                            -EINVAL,
                            "\"%.100s\" is no origin as browsers send it: \"https://host\", in lower case, "
                            "without a path and the port that goes without saying",
                            *list);
                if (strcmp(*list, "null") == 0 && options->credentials)
                        return eddy_fail(-EINVAL, "the origin \"null\" with credentials: any page can have it");
        }
        return 0;
}

static int check(const eddy_http_cors_options *options)
{
        int rc = check_origins(options);

        if (rc == 0)
                rc = check_tokens(options->methods, "method");
        if (rc == 0)
                rc = check_tokens(options->headers, "header's name");
        if (rc == 0)
                rc = check_tokens(options->exposed, "header's name");
        if (rc == 0 && options->credentials &&
            (has_all(options->origins) || has_all(options->methods) || has_all(options->headers) ||
             has_all(options->exposed)))
                rc = eddy_fail(-EINVAL, "\"*\" with credentials: name those that are meant");
        return rc;
}

/* A line of a list, where that has anything: 0 or -ENOMEM. */
static int join(char **line, const char *name, const char *const *list, const char *separator, const char *end)
{
        size_t size = strlen(name) + strlen(end) + 1;
        struct line joined;

        *line = NULL;
        if (!list || !*list)
                return 0;
        for (const char *const *item = list; *item; item++)
                size += strlen(*item) + strlen(separator);
        *line = memory_alloc(size);
        if (!*line)
                return -ENOMEM;
        line_begin(&joined, *line, size);
        line_add(&joined, name);
        for (const char *const *item = list; *item; item++) {
                line_add(&joined, item > list ? separator : "");
                line_add(&joined, *item);
        }
        line_add(&joined, end);
        line_end(&joined);
        return 0;
}

static void note_max_age(eddy_http_cors *cors, eddy_duration max_age)
{
        struct line line;

        if (max_age == 0)
                return;
        line_begin(&line, cors->max_age, sizeof cors->max_age);
        line_add(&line, "Access-Control-Max-Age: ");
        line_add_seconds(&line, max_age, MAX_AGE);
        line_end(&line);
}

static int fill(eddy_http_cors *cors, const eddy_http_cors_options *options)
{
        static const char *const common[] = {"GET", "HEAD", "POST", NULL};
        int rc = join(&cors->origins, "", options->origins, "\n", "\n");

        cors->is_for_all = has_all(options->origins);
        cors->credentials = options->credentials;
        note_max_age(cors, options->max_age);
        if (rc == 0)
                rc = join(&cors->methods,
                          "Access-Control-Allow-Methods: ", options->methods ? options->methods : common, ", ",
                          "");
        if (rc == 0)
                rc = join(&cors->headers, "Access-Control-Allow-Headers: ", options->headers, ", ", "");
        if (rc == 0)
                rc = join(&cors->exposed, "Access-Control-Expose-Headers: ", options->exposed, ", ", "");
        return rc;
}

int eddy_http_cors_create(eddy_http_cors **created, const eddy_http_cors_options *options)
{
        static const eddy_http_cors_options nothing;
        eddy_http_cors *cors;
        int rc = check(options ? options : &nothing);

        *created = NULL;
        if (rc < 0)
                return rc;
        cors = memory_zalloc(sizeof *cors);
        rc = cors ? fill(cors, options ? options : &nothing) : -ENOMEM;
        if (rc < 0)
                eddy_http_cors_destroy(cors);
        else
                *created = cors;
        return rc;
}

void eddy_http_cors_destroy(eddy_http_cors *cors)
{
        if (!cors)
                return;
        memory_free(cors->origins);
        memory_free(cors->methods);
        memory_free(cors->headers);
        memory_free(cors->exposed);
        memory_free(cors);
}

/* Byte by byte and whole: what only begins or ends like one of them is another's. */
static bool is_listed(const char *origins, const char *origin)
{
        size_t size = strlen(origin);

        for (const char *at = origins; at && *at; at += strcspn(at, "\n") + 1)
                if (strcspn(at, "\n") == size && memcmp(at, origin, size) == 0)
                        return true;
        return false;
}

static void add(eddy_http_cors_answer *answer, unsigned *n, const char *line)
{
        if (line && *line)
                answer->headers[(*n)++] = line;
        answer->headers[*n] = NULL;
}

static const char *allow(eddy_http_cors_answer *answer, const char *origin)
{
        struct line line;

        line_begin(&line, answer->allowed, sizeof answer->allowed);
        line_add(&line, ALLOW_ORIGIN);
        line_add(&line, origin);
        line_end(&line);
        return answer->allowed;
}

void eddy_http_cors_decide(const eddy_http_cors *cors, const eddy_http_cors_request *request,
                           eddy_http_cors_answer *answer)
{
        bool is_listed_here = request->origin && is_listed(cors->origins, request->origin);
        bool is_allowed = is_listed_here || (request->origin && cors->is_for_all);
        unsigned n = 0;

        answer->is_allowed = is_allowed;
        answer->is_preflight =
            request->origin && request->requested_method && strcmp(request->method, "OPTIONS") == 0;
        /* What all may have is told to all, so that no cache keeps an answer that is without. */
        if (cors->is_for_all)
                add(answer, &n, ALLOW_ORIGIN "*");
        else
                add(answer, &n, is_allowed ? allow(answer, request->origin) : NULL);
        if (is_allowed && cors->credentials)
                add(answer, &n, "Access-Control-Allow-Credentials: true");
        if (is_allowed && answer->is_preflight) {
                add(answer, &n, cors->methods);
                add(answer, &n, cors->headers);
                add(answer, &n, cors->max_age);
        } else if (is_allowed || cors->is_for_all) {
                add(answer, &n, cors->exposed);
        }
        if (cors->origins && !cors->is_for_all)
                add(answer, &n, "Vary: Origin");
}
