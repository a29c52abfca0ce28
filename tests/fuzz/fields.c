/* What clients may say in single headers and in targets: cookies, queries and forms, ranges and conditions, ETags, credentials, whom a
 * proxy serves, and paths.
 *
 *         fuzz_fields COUNT SEED
 *
 * Each is fed words of its own grammar, with other bytes between them, in memory that ends where they do. What it yields is within
 * bounds, and what must never be is not: a path that leads out of its folder, a range beyond its file, a header with a line end in it. A
 * failure names the seed.
 * With -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is libFuzzer's. */
#include "input.h"

#include "http/conditions.h"
#include "http/etag.h"
#include "http/router_path.h"
#include "http/target.h"
#include <eddy/http.h>

enum { MOST = 1024, FILE_SIZE = 1000 };

/* A text of the words of a grammar, in memory of its own size. */

static char *text;
static size_t size;

static void make_text(const char *const *words)
{
        char made[MOST + 64];
        size_t count = 0, n = 0;

        while (words[count])
                count++;
        for (unsigned i = draw(40); i > 0 && n < MOST; i--) {
                unsigned word = draw((unsigned)count + 1);

                if (word == count)
                        made[n++] = (char)draw(256);
                else
                        n += (size_t)snprintf(made + n, sizeof made - n, "%s", words[word]);
        }
        if (n > MOST)
                n = MOST;
        text = malloc(n + 1);
        if (!text)
                exit(1);
        memcpy(text, made, n);
        text[n] = '\0';
        size = n;
}

/** The text without its NUL, so that who reads behind it is seen. */
static void cut_nul(void)
{
        char *exact = malloc(size ? size : 1);

        if (!exact)
                exit(1);
        memcpy(exact, text, size);
        free(text);
        text = exact;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool is_within(const char *at, size_t n)
{
        return at >= text && at + n <= text + size;
}

static void read_cookies(void)
{
        size_t n;
        const char *value;

        make_text(WORDS("a", "b", "=", ";", "; ", "\"", " ", "\t", ",", "a=b", "a=\"b\"", "__Host-a"));
        value = eddy_http_cookie_find(text, "a", &n);
        if (value && !is_within(value, n))
                fail("a cookie beyond its header", (long)n);
        if (value && memchr(value, ';', n))
                fail("a cookie's value that goes on into the next", (long)n);
        if (value && n > 0 && value[-1] != '"' && (value[0] == ' ' || value[n - 1] == ' '))
                fail("a cookie's value that is none", (long)n);
}

static void write_cookies(void)
{
        char line[EDDY_HTTP_COOKIE_SIZE], name[8], *found;
        eddy_http_cookie cookie = {
            .name = name, .secure = draw(2), .http_only = draw(2), .partitioned = draw(4) == 0};
        ssize_t n;
        size_t found_size;
        const char *value;

        make_text(WORDS("a", "b", "/", ".", "x.y", "=", "__Secure-"));
        snprintf(name, sizeof name, "%s", draw(8) ? "a" : text);
        cookie.value = draw(2) ? text : NULL;
        cookie.path = draw(4) == 0 ? text : NULL;
        cookie.domain = draw(4) == 0 ? text : NULL;
        n = eddy_http_cookie_format(line, sizeof line, &cookie);
        if (n == EDDY_ELIMIT)
                fail("a cookie does not fit", n);
        if (n < 0)
                return;
        if ((size_t)n != strlen(line) || strpbrk(line, "\r\n"))
                fail("a cookie's line that is none", n);
        found = strchr(line, ':') + 2;
        value = eddy_http_cookie_find(found, name, &found_size);
        if (!value || found_size != (cookie.value ? strlen(cookie.value) : 0))
                fail("a cookie that is not read as it was written", n);
}

static void read_fields(void)
{
        eddy_http_fields *fields;
        size_t most = 1 + draw(20), total = 0, n;
        int rc;

        make_text(WORDS("a", "b", "=", "&", "&", "+", "%", "%20", "%00", "%c3%A4", "%2", ";", "a=b&"));
        cut_nul();
        rc = eddy_http_fields_parse(&fields, text, size, &(eddy_http_fields_options){.max_fields = most});
        n = rc < 0 ? 0 : eddy_http_fields_count(fields);
        if (rc < 0 ? rc != EDDY_ELIMIT || fields : n > most)
                fail("more fields than may be", (long)n);
        for (size_t i = 0; i < n; i++) {
                const eddy_http_field *field = eddy_http_fields_at(fields, i);

                total += field->name_size + field->value_size;
                if (field->name[field->name_size] || field->value[field->value_size])
                        fail("a field that does not end", (long)i);
                if (eddy_http_fields_find(fields, field->name, n))
                        fail("a field is found more often than there are any", (long)i);
        }
        if (total > size)
                fail("more than came", (long)total);
        eddy_http_fields_destroy(fields);
        if (eddy_http_unescape(text, text, size) > size)
                fail("longer than before", (long)size);
}

static void judge_conditions(void)
{
        static const char *const names[] = {"Range",         "If-Range",          "If-Match",
                                            "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"};
        struct http_version version = {
            .etag = "\"abc-1\"", .etag_size = 7, .modified = 784111777, .size = draw(4) ? FILE_SIZE : 0};
        char head[8 * MOST] = "GET / HTTP/1.1\r\nHost: x\r\n";
        struct http_parser parser;
        struct http_range range = {-1, -1};
        size_t n = strlen(head);
        int status;

        http_date_write(version.date, version.modified);
        for (unsigned i = 1 + draw(3); i > 0; i--) {
                make_text(WORDS("bytes=", "bytes", "=", "-", "0", "9", "999", "1000", "99999999999999999999",
                                ",", " ", "\"abc-1\"", "W/\"abc-1\"", "\"", "*", "W/",
                                "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, ", "06", "Nov", "\t"));
                n += (size_t)snprintf(head + n, sizeof head - n, "%s: ", names[draw(6)]);
                memcpy(head + n, text, size);
                memcpy(head + n + size, "\r\n", 2);
                n += size + 2;
                free(text);
        }
        text = NULL;
        memcpy(head + n, "\r\n", 2);
        n += 2;
        http_request_init(&parser.request, HTTP_HEADERS_MAX, NULL);
        http_parser_begin(&parser);
        if (http_parser_feed(&parser, head, n) <= 0)
                return;
        status = http_conditions(&parser.request, head, &version, &range);
        if (status != 200 && status != 206 && status != 304 && status != 412 && status != 416)
                fail("another status", status);
        if ((status == 200 && (range.start != 0 || range.end != version.size)) ||
            (status == 206 && (range.start < 0 || range.start >= range.end || range.end > version.size)))
                fail("a range beyond its file", status);
}

static void read_etags(void)
{
        char coded[64];
        size_t n;

        make_text(WORDS("\"a\"", "W/", "\"", ",", " ", "*", "\"a-gzip\"", "-br", "a", "\t"));
        cut_nul();
        if (etag_is_listed(text, size, "\"a\"", 3, false) && !etag_is_listed(text, size, "\"a\"", 3, true))
                fail("equal strongly and not weakly", (long)size);
        etag_listed_coding(text, size, "\"a\"", 3, draw(2));
        n = etag_with_coding(coded, sizeof coded, text, size, CODING_GZIP);
        if (n > sizeof coded)
                fail("an ETag beyond its room", (long)n);
}

static void read_credentials(void)
{
        eddy_http_basic basic;
        const char *token;

        make_text(WORDS("Basic ", "basic", "Bearer ", "bearer", " ", "dXNlcjpwYXNz", "dXNl", "=", "==", "a",
                        "_", ".", "~", "/", "+", "Og=="));
        if (eddy_http_basic_parse(&basic, text) == 0 &&
            (basic.user[basic.user_size] || basic.password[basic.password_size] ||
             memchr(basic.user, ':', basic.user_size)))
                fail("a user that is none", (long)basic.user_size);
        if (eddy_http_bearer_parse(&token, text) == 0 &&
            (!is_within(token, strlen(token)) || !*token || strpbrk(token, " ,;\"\r\n")))
                fail("a token that is none", (long)size);
}

static const char *forwarding_line(void *of, const char *name, unsigned nth)
{
        (void)of;
        (void)name;
        return nth < 2 ? text : NULL;
}

static void read_forwarded(void)
{
        eddy_http_forwarded from;
        eddy_http_forwarded_options options = {.standard = draw(2)};
        eddy_http_networks *trusted;
        eddy_address peer;

        make_text(WORDS("10.0.0.1", "for=", "For=\"[::1]:80\"", "[::1]", ":80", "::1", "unknown", "_hidden",
                        ",", ";", "proto=https", "https", "host=", "x", "\"", "\\", " ", "10.0.0.1, "));
        if (eddy_http_networks_create(&trusted, WORDS("10.0.0.0/8", "::1")) < 0 ||
            eddy_address_from_ip(&peer, "10.0.0.9", 1) < 0)
                fail("no network", 0);
        options.trusted = trusted;
        eddy_http_forwarded_resolve(&from, &options, &peer, forwarding_line, NULL);
        if (from.client.any.sa_family != AF_INET && from.client.any.sa_family != AF_INET6)
                fail("a client without an address", from.client.any.sa_family);
        if (strnlen(from.host, sizeof from.host) == sizeof from.host || strpbrk(from.host, "/@ \r\n"))
                fail("a host that is none", 0);
        if (from.scheme && strcmp(from.scheme, "http") != 0 && strcmp(from.scheme, "https") != 0)
                fail("a scheme that is none", 0);
        eddy_http_networks_destroy(trusted);
}

static bool leads_out(const char *path)
{
        for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
                size_t n = strcspn(part, "/");

                if ((n == 2 && memcmp(part, "..", 2) == 0) || (n == 1 && *part == '.') || (n == 0 && part[n]))
                        return true;
        }
        return false;
}

static void read_paths(void)
{
        char path[HTTP_PATH_MAX];
        ssize_t n;

        make_text(WORDS("/", "//", ".", "..", "/..", "/../", "%2e", "%2E%2e", "%2f", "%2F..", "a", "b/", "%00",
                        "%", "%4", "?", "http://x", "\\"));
        cut_nul();
        n = http_target_decode(text, size, path);
        if (n >= 0 && ((size_t)n != strlen(path) || leads_out(path)))
                fail("a path that leads out of its folder", n);
        if (size == 0 || text[0] != '/' || router_path_check(text, text + size) < 0)
                return;
        for (const char *at = text + 1; at <= text + size;) {
                struct router_segment segment = router_path_segment(at, text + size);
                char decoded[MOST + 1];

                if (segment.end < segment.at || segment.end > text + size)
                        fail("a segment beyond its path", (long)size);
                if (router_path_decode(segment.at, segment.end, decoded) >
                    decoded + (segment.end - segment.at) + 1)
                        fail("longer than before", (long)size);
                if (strcmp(decoded, "..") == 0 || strcmp(decoded, ".") == 0)
                        fail("a segment of dots", (long)size);
                at = segment.end + 1;
        }
        router_path_decode(text + 1, text + size, path);
        if (!router_path_has_escaped_slash(text + 1, text + size) && (path[0] == '/' || leads_out(path)))
                fail("a rest that leads out of its folder", (long)size);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
        static void (*const tries[])(void) = {read_cookies, write_cookies,    read_fields,    judge_conditions,
                                              read_etags,   read_credentials, read_forwarded, read_paths};

        begin_input(data, n);
        text = NULL;
        tries[draw(sizeof tries / sizeof *tries)]();
        free(text);
        return 0;
}
