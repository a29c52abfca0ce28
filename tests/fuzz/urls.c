/* URLs beneath what people and servers write for them.
 *
 *         fuzz_urls COUNT SEED
 *
 * Texts of the words that URLs are made of, with other bytes between them. Encoding twice is encoding once. What a server writes as a
 * path leads to no other host. Two URLs of different origins are never taken for one, as a parser sees it that knows plain URLs alone
 * and shares nothing with the client's: there credentials would go along. A failure names the seed.
 * With -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is libFuzzer's. */
#include "input.h"

#include "http_client/url.h"
#include <ctype.h>
#include <eddy/http_client.h>
#include <strings.h>

enum { MOST = 512 };

static const char *const words[] = {"http://",
                                    "https://",
                                    "HTTP:/",
                                    "http:///",
                                    "x",
                                    "y",
                                    "good.example",
                                    "evil.example",
                                    ":",
                                    ":80",
                                    ":443",
                                    ":8080",
                                    "/",
                                    "//",
                                    "..",
                                    "/../",
                                    "?",
                                    "#",
                                    "@",
                                    "u:p@",
                                    "a=b",
                                    "&",
                                    "%",
                                    "%20",
                                    "\\",
                                    "unix:",
                                    "/run/s:",
                                    "[::1]",
                                    " ",
                                    "\r\n",
                                    "\t",
                                    "\xc3\xa4",
                                    "file:",
                                    "1",
                                    "http:"};

static char *make_text(void)
{
        char made[MOST + 64], *text;
        size_t n = 0;

        for (unsigned i = draw(12); i > 0 && n < MOST; i--) {
                unsigned word = draw(sizeof words / sizeof *words + 1);

                if (word == sizeof words / sizeof *words)
                        made[n++] = (char)(1 + draw(255));
                else
                        n += (size_t)snprintf(made + n, sizeof made - n, "%s", words[word]);
        }
        made[n] = '\0';
        text = strdup(made);
        if (!text)
                exit(1);
        return text;
}

/* Something that is a URL more often than not. */
static char *make_url(void)
{
        static const char *const starts[] = {"http://x", "http://good.example", "https://good.example:8080/",
                                             "HTTP:///x"};
        char *rest = make_text(), *url;

        if (asprintf(&url, "%s%s", draw(3) ? starts[draw(4)] : "", rest) < 0)
                exit(1);
        free(rest);
        return url;
}

/** Of a plain URL. */
struct origin {
        char host[MOST];
        bool is_tls;
        long port;
};

/* False where it is not plain: its host has only letters and dots between them, and so no second spelling. */
static bool find_origin(const char *url, struct origin *origin)
{
        size_t scheme = strcspn(url, ":"), slashes, size;
        const char *at = url + scheme + 1, *user;

        if ((scheme != 4 && scheme != 5) || strncasecmp(url, "https", scheme) != 0 || url[scheme] != ':')
                return false;
        origin->is_tls = scheme == 5;
        slashes = strspn(at, "/");
        if (slashes < 1 || slashes > 3)
                return false;
        at += slashes;
        user = at + strspn(at, "abcdefghijklmnopqrstuvwxyz:");
        if (*user == '@')
                at = user + 1;
        size = strspn(at, "abcdefghijklmnopqrstuvwxyz.");
        if (size == 0 || at[0] == '.' || at[size - 1] == '.')
                return false;
        memcpy(origin->host, at, size);
        origin->host[size] = '\0';
        at += size;
        origin->port = origin->is_tls ? 443 : 80;
        if (*at == ':' && isdigit((unsigned char)at[1])) {
                char *end;

                origin->port = strtol(at + 1, &end, 10);
                at = end;
        }
        return origin->port > 0 && origin->port < 65536 && (*at == '\0' || strchr("/?#", *at));
}

static bool are_same(const struct origin *one, const struct origin *other)
{
        return strcmp(one->host, other->host) == 0 && one->is_tls == other->is_tls && one->port == other->port;
}

static void check_encoding(const char *url)
{
        char *encoded = url_encode(url), *twice = encoded ? url_encode(encoded) : NULL;
        struct origin before, after;

        if (!encoded || !twice)
                exit(1);
        if (strcmp(encoded, twice) != 0)
                fail("what is encoded is encoded again", (long)strlen(url));
        if (find_origin(url, &before) && (!find_origin(encoded, &after) || !are_same(&before, &after)))
                fail("encoding leads to another host", (long)strlen(url));
        if (!strstr(url, "://") && strncmp(url, "//", 2) != 0)
                for (const char *at = encoded; *at; at++)
                        if (*at <= ' ' || *at == 0x7f)
                                fail("a byte that no URL may have", *at);
        free(encoded);
        free(twice);
}

/* What else curl takes for no URL at all. */
static bool is_printable(const char *url)
{
        while (*url > ' ' && *url < 0x7f)
                url++;
        return *url == '\0';
}

static void check_origins(const char *one, const char *other)
{
        bool is_same = eddy_http_is_same_origin(one, other);
        struct origin of_one, of_other;
        bool is_plain = find_origin(one, &of_one);

        if (is_same != eddy_http_is_same_origin(other, one))
                fail("two have the same origin one way round alone", is_same);
        if (is_plain && is_printable(one) && !eddy_http_is_same_origin(one, one))
                fail("it has not the origin that it has", (long)strlen(one));
        if (is_same && is_plain && find_origin(other, &of_other) && !are_same(&of_one, &of_other)) {
                fprintf(stderr, "%s\n%s\n", one, other);
                fail("different origins are taken for one", 0);
        }
}

/* A path: what begins neither with a scheme nor with "//", however many blanks or slashes of the other kind are before that. */
static bool is_path(const char *text)
{
        return text[0] == '/' && text[1] != '/' && text[1] != '\\';
}

static void check_joining(const char *base, const char *url)
{
        char *joined = NULL;
        int rc = url_join(&joined, base, url);
        struct origin of_base, of_url, of_joined;

        if (rc != 0 && rc != -EINVAL)
                fail("another error", rc);
        if (rc != 0)
                return;
        if (url_is_absolute(base) && !strchr(joined, ':'))
                fail("what is joined is no URL", (long)strlen(joined));
        if (is_path(url) && find_origin(base, &of_base) && find_origin(joined, &of_joined) &&
            !are_same(&of_base, &of_joined)) {
                fprintf(stderr, "%s\n%s\n%s\n", base, url, joined);
                fail("a path leads to another host", 0);
        }
        if (find_origin(url, &of_url) && find_origin(joined, &of_joined) && !are_same(&of_url, &of_joined)) {
                fprintf(stderr, "%s\n%s\n%s\n", base, url, joined);
                fail("a URL leads to another host", 0);
        }
        free(joined);
}

static size_t count(const char *text, char what)
{
        size_t n = 0;

        for (; *text; text++)
                n += *text == what;
        return n;
}

/* Names and values add no more marks than there are of them, and what stood there stays. */
static void check_query(const char *url)
{
        char *name = make_text(), *value = make_text(), *made;
        const char *fragment = strchr(url, '#');
        size_t marks;

        made = url_add_query(url, (const char *[]){name, value, "c", NULL});
        if (!made)
                exit(1);
        marks = count(url, '&') + 1 + (memchr(url, '?', strcspn(url, "#")) != NULL);
        if (count(made, '&') != marks || count(made, '=') != count(url, '=') + 2 ||
            count(made, '#') != count(url, '#'))
                fail("a name or a value is taken for more", (long)marks);
        if (strncmp(made, url, strcspn(url, "#")) != 0 ||
            (fragment && strcmp(made + strlen(made) - strlen(fragment), fragment) != 0))
                fail("a URL is changed by its query", (long)strlen(url));
        free(name);
        free(value);
        free(made);
}

/* What was taken apart can be put together, and means the same. */
static void check_socket_again(const char *path, const char *rest)
{
        char *url = url_with_unix(path, rest), *same_path, *same_rest;

        if (!url || url_split_unix(url, &same_path, &same_rest) != 1 || strcmp(same_path, path) != 0 ||
            strcmp(same_rest, rest) != 0)
                fail("a socket becomes another", (long)strlen(path));
        free(same_path);
        free(same_rest);
        free(url);
}

static void check_socket(const char *text)
{
        static const char start[] = "http://localhost";
        char *path = NULL, *rest = NULL, *url;
        int rc;

        if (asprintf(&url, "%s%s", draw(4) ? "http://unix:" : "", text) < 0)
                exit(1);
        rc = url_split_unix(url, &path, &rest);
        if (rc != 0 && rc != 1 && rc != -EINVAL && rc != -ENAMETOOLONG)
                fail("another error", rc);
        if (rc == 1 && !*path)
                fail("a socket without a path", (long)strlen(path));
        if (rc == 1 && (strncmp(rest, start, sizeof start - 1) != 0 ||
                        (rest[sizeof start - 1] && !strchr("/?#", rest[sizeof start - 1]))))
                fail("what a socket is asked for is elsewhere", (long)strlen(rest));
        if (rc == 1) {
                check_socket_again(path, rest);
                free(path);
                free(rest);
        }
        free(url);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
        char *one, *other, *text;

        begin_input(data, size);
        one = make_url();
        other = make_url();
        text = make_text();
        check_encoding(one);
        check_encoding(text);
        check_origins(one, other);
        check_origins(one, text);
        check_joining(one, text);
        check_joining(one, other);
        check_query(one);
        check_socket(text);
        free(one);
        free(other);
        free(text);
        return 0;
}
