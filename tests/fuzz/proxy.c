/* What a server behind a proxy may say: heads of answers, and where they lead.
 *
 *         fuzz_proxy COUNT SEED
 *
 * A head that is taken lies within what came, is taken likewise when it comes byte by byte, and has one length at most; what is made of its
 * Location or cookies is a value of a header that leads to no other host. A failure names the seed.
 * With -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is libFuzzer's. */
#include "input.h"

#include "http/proxy.h"

enum { MOST = 2048 };

#define WORDS(...)                                                                                             \
        (const char *const[])                                                                                  \
        {                                                                                                      \
                __VA_ARGS__, NULL                                                                              \
        }

/* A text of the words of a grammar, in memory of its own size; the caller's. */
static char *make_text(const char *start, const char *const *words, size_t *size)
{
        char made[MOST + 64], *text;
        size_t count = 0, n = (size_t)snprintf(made, sizeof made, "%s", start);

        while (words[count])
                count++;
        for (unsigned i = draw(60); i > 0 && n < MOST; i--) {
                unsigned word = draw((unsigned)count + 1);

                if (word == count)
                        made[n++] = (char)draw(256);
                else
                        n += (size_t)snprintf(made + n, sizeof made - n, "%s", words[word]);
        }
        text = malloc(n + 1);
        if (!text)
                exit(1);
        memcpy(text, made, n);
        text[n] = '\0';
        *size = n;
        return text;
}

/* As it comes in pieces: what the last one came to, with how much there was before it. */
static ssize_t feed(struct proxy_head *head, const char *text, size_t n, size_t piece)
{
        proxy_head_begin(head);
        for (size_t at = 0; at < n; at += piece) {
                size_t size = n - at < piece ? n - at : piece;
                ssize_t rc = proxy_head_feed(head, text + at, size);

                if (rc < 0)
                        return rc;
                if (rc > 0)
                        return (ssize_t)at + rc;
        }
        return 0;
}

static void check_spans(const struct proxy_head *head, const char *text, size_t n)
{
        unsigned lengths = 0;

        for (unsigned i = 0; i < head->count; i++) {
                const struct http_header *header = &head->headers[i];

                if (header->name.at + header->name.size > n || header->value.at + header->value.size > n)
                        fail("a header beyond its head", (long)i);
                if (memchr(http_text(text, header->value), '\n', header->value.size) ||
                    memchr(http_text(text, header->value), '\r', header->value.size))
                        fail("a line end in a header", (long)i);
                lengths += header->name.size == 14 &&
                           strncasecmp(http_text(text, header->name), "content-length", 14) == 0;
        }
        if (lengths > 1 || (lengths > 0 && head->is_chunked))
                fail("more than one end", (long)lengths);
}

static void read_heads(void)
{
        static struct proxy_head whole, parts;
        size_t n;
        char *text = make_text(draw(4) ? "HTTP/1.1 200 OK\r\n" : "",
                               WORDS("HTTP/1.1 ", "HTTP/1.0 200\r\n", "204 x", "\r\n", "\r\n\r\n", "\n", "\r",
                                     ": ", ":", " ", "\t", "Content-Length", "5", "0", ",", "Transfer-Encoding",
                                     "chunked", "X-A: b\r\n", "Connection: close\r\n", "Content-Length: 5\r\n",
                                     "Transfer-Encoding: chunked\r\n", "gzip", "\r\n x"),
                               &n);
        ssize_t at_once = feed(&whole, text, n, MOST * 2), in_parts = feed(&parts, text, n, 1 + draw(3));

        if (at_once > 0) {
                if ((size_t)at_once > n || memcmp(text + at_once - 4, "\r\n\r\n", 4) != 0)
                        fail("a head that does not end where it does", at_once);
                check_spans(&whole, text, (size_t)at_once);
        }
        if (at_once != in_parts ||
            (at_once > 0 && (whole.count != parts.count || whole.length != parts.length ||
                             whole.is_chunked != parts.is_chunked || whole.status != parts.status)))
                fail("another one in pieces", at_once);
        free(text);
}

static void follow(void)
{
        static char room[PROXY_TEXT_SIZE];
        static struct http_request request;
        eddy_http_exchange exchange = {.request = &request, .head = room};
        struct proxy_pass pass = {.exchange = &exchange, .prefix = draw(2) ? "/api" : ""};
        size_t n, written, limit = draw(2) ? sizeof room : draw(40);
        char *value = make_text("",
                                WORDS("/", "//", "/base", "/base/", "http://h:1", "https://h:1/base",
                                      "http://H:1/base//e", "\\", "?", "#", "; ", ";", "Path=", "path = /base",
                                      "Domain=h", "Domain=.H", "a=b", ":", "x"),
                                &n);

        pass.prefix_end = pass.prefix + strlen(pass.prefix);
        if (strlen(value) != n ||
            eddy_http_proxy_create(&pass.proxy, draw(2) ? "http://h:1/base" : "http://h:1", NULL) < 0) {
                free(value);
                return;
        }
        written = proxy_location_rewrite(&pass, value, room, limit);
        if (written > limit ||
            (written > 0 && (strlen(room) != written || room[0] != '/' || room[1] == '/' || room[1] == '\\')))
                fail("a Location that leads elsewhere", (long)written);
        written = proxy_cookie_rewrite(&pass, value, room, limit);
        if (written > limit || (written > 0 && strlen(room) != written))
                fail("a cookie of another length", (long)written);
        eddy_http_proxy_destroy(pass.proxy);
        free(value);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
        begin_input(data, n);
        if (draw(2))
                read_heads();
        else
                follow();
        return 0;
}
