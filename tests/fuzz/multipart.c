/* Forms with files that nobody meant: bodies of what may stand in one, in any order.
 *
 *         fuzz_multipart COUNT SEED
 *
 * Whatever comes, and however it is cut, it is read as by a reader that has all of it before its eyes; and what a part says that it is
 * lies in the memory that is given for it. A failure names the seed. With -DHAS_FUZZER_MAIN and clang's -fsanitize=fuzzer the input is
 * libFuzzer's: how large the pieces are, and the body. */
#define HAS_OWN_MAIN
#include "input.h"

#include "http/multipart_head.h"
#include "http/multipart_parser.h"
#include "http/strict.h"

enum { MOST = 4096, SAID = 4 * MOST };

/* What was read: contents, with a mark before each of an event. */
struct said {
        char text[SAID];
        size_t size;
};

static void say(struct said *said, const char *text, size_t n)
{
        if (said->size + n > SAID)
                fail("more is said than came", 0);
        memcpy(said->text + said->size, text, n);
        said->size += n;
}

static void mark(struct said *said, char what)
{
        say(said, (const char[]){'\0', what}, 2);
}

/* As a reader with all of it before its eyes. */

struct view {
        const char *at, *end;
};

static bool sees(const struct view *view, const char *text)
{
        size_t n = strlen(text);

        return (size_t)(view->end - view->at) >= n && memcmp(view->at, text, n) == 0;
}

/* Whether all that is left could be the beginning of a text. */
static bool may_begin(const struct view *view, const char *text)
{
        size_t n = (size_t)(view->end - view->at);

        return n < strlen(text) && memcmp(view->at, text, n) == 0;
}

/* Go to the next delimiter, telling of what is before it: false where there is none. What could be the beginning of one, and nothing
 * follows, is not told of. */
static bool find_delimiter(struct view *view, struct said *content)
{
        if (sees(view, "--B")) {
                view->at += 3;
                return true;
        }
        for (bool is_first = true; view->at < view->end; view->at++, is_first = false) {
                if (sees(view, "\r\n--B")) {
                        view->at += 5;
                        return true;
                }
                if (may_begin(view, "\r\n--B") || (is_first && may_begin(view, "--B")))
                        return false;
                if (content)
                        say(content, view->at, 1);
        }
        return false;
}

/* 1; 0 at the end of what there is; -1 where it is none. */
static int pass_line(struct view *view)
{
        while (sees(view, " ") || sees(view, "\t"))
                view->at++;
        if (sees(view, "\r\n")) {
                view->at += 2;
                return 1;
        }
        return view->at == view->end || (*view->at == '\r' && view->at + 1 == view->end) ? 0 : -1;
}

/* A line of a head, without its end: 1; 0 at the end of what there is; -1 where it has a byte that it may not. */
static int see_line(struct view *view, struct view *line)
{
        line->at = view->at;
        for (; view->at < view->end && *view->at != '\r'; view->at++)
                if ((unsigned char)*view->at < ' ' && *view->at != '\t')
                        return -1;
                else if (*view->at == 0x7f)
                        return -1;
        line->end = view->at;
        if (view->end - view->at < 2)
                return 0;
        view->at += 2;
        return view->at[-1] == '\n' ? 1 : -1;
}

static bool is_header(struct view line)
{
        const char *at = line.at;

        while (at < line.end && http_is_token_byte(*at))
                at++;
        return at > line.at && at < line.end && *at == ':';
}

/* The head of a part, told of line by line. */
static int see_head(struct view *view, struct said *said)
{
        for (;;) {
                struct view line;
                int rc = see_line(view, &line);

                if (rc <= 0)
                        return rc;
                if (line.at == line.end)
                        return 1;
                if (!is_header(line))
                        return -1;
                while (line.end[-1] == ' ' || line.end[-1] == '\t')
                        line.end--;
                say(said, line.at, (size_t)(line.end - line.at));
                mark(said, '|');
        }
}

static char see_parts(struct view *view, struct said *said)
{
        for (;;) {
                struct said head = {.size = 0};
                int rc;

                if (sees(view, "--"))
                        return '.';
                if (sees(view, "-") && view->at + 1 == view->end)
                        return '?';
                rc = pass_line(view);
                if (rc > 0)
                        rc = see_head(view, &head);
                if (rc <= 0)
                        return rc == 0 ? '?' : '!';
                say(said, head.text, head.size);
                mark(said, '>');
                if (!find_delimiter(view, said))
                        return '?';
                mark(said, '/');
        }
}

static void see(struct said *said, const char *body, size_t n)
{
        struct view view = {body, body + n};

        mark(said, find_delimiter(&view, NULL) ? see_parts(&view, said) : '?');
}

/* As the parser reads it. */

static void describe(const char *head, size_t size)
{
        char *exact = malloc(size), *text = malloc(size);
        eddy_http_part part;

        memcpy(exact, head, size);
        if (multipart_describe(&part, exact, text) == 0 && !part.name)
                fail("a part without a name", 0);
        if (part.filename)
                eddy_http_base_name(part.filename);
        free(text);
        free(exact);
}

static void tell(struct said *said, const struct multipart_parser *parser, const struct multipart_piece *piece)
{
        switch (piece->event) {
        case MULTIPART_PART:
                for (const char *line = parser->head; *line; line += strlen(line) + 1) {
                        say(said, line, strlen(line));
                        mark(said, '|');
                }
                mark(said, '>');
                describe(parser->head, parser->head_size);
                break;
        case MULTIPART_CONTENT:
                say(said, piece->content, piece->size);
                break;
        case MULTIPART_PART_END:
                mark(said, '/');
                break;
        default:
                break;
        }
}

/* The pieces lie in memory of their size. How it ends; 0: it goes on. */
static char feed(struct multipart_parser *parser, struct said *said, const char *data, size_t n)
{
        char *exact = malloc(n);
        char end = 0;

        memcpy(exact, data, n);
        for (size_t at = 0; at < n && !end;) {
                struct multipart_piece piece;
                ssize_t rc = multipart_parser_feed(parser, exact + at, n - at, &piece);

                if (rc > (ssize_t)(n - at) || (rc == 0 && piece.event == MULTIPART_MORE))
                        fail("it stands still", 0);
                if (rc >= 0)
                        tell(said, parser, &piece);
                end = rc < 0 ? '!' : piece.event == MULTIPART_END ? '.' : 0;
                at += rc > 0 ? (size_t)rc : 0;
        }
        free(exact);
        return end;
}

static void parse(struct said *said, const char *body, size_t n, size_t piece)
{
        static char head[MOST + 2];
        struct multipart_parser parser;
        char end = 0;

        multipart_parser_init(&parser, "B", head, sizeof head);
        for (size_t at = 0; at < n && !end; at += piece)
                end = feed(&parser, said, body + at, n - at < piece ? n - at : piece);
        mark(said, end ? end : '?');
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
        static struct said seen, parsed;
        size_t piece = size > 0 ? 1 + data[0] : 1;

        if (size == 0 || size > MOST)
                return 0;
        seen.size = parsed.size = 0;
        see(&seen, (const char *)data + 1, size - 1);
        parse(&parsed, (const char *)data + 1, size - 1, piece);
        if (seen.size != parsed.size || memcmp(seen.text, parsed.text, seen.size) != 0)
                fail("it is read in two ways", 0);
        return 0;
}

#ifndef HAS_FUZZER_MAIN
/* Bodies of words that mean something there; a few bytes are anything. */
static size_t compose(char *body, uint64_t *state)
{
        static const char *const words[] = {
            "\r\n--B\r\n",
            "\r\n--B\r\n",
            "--B\r\n",
            "\r\n--B--",
            "\r\n--B",
            "--B",
            "\r\n",
            "\r\n\r\n",
            "\r",
            "\n",
            "-",
            "--",
            " ",
            "\t",
            "C: d\r\n",
            "C: d\r\n\r\n",
            ": ",
            ";",
            "\"",
            "\\",
            "text",
            "Content-Disposition: form-data; name=\"a\"; filename=\"b\\\"c\"\r\n\r\n",
            "Content-Disposition: form-data; name=",
            "Content-Disposition: form-data; name=a\r\n\r\n"};
        size_t n = 0, count = next_random(state) % 24;

        for (size_t i = 0; i < count; i++) {
                const char *word = words[next_random(state) % (sizeof words / sizeof *words)];

                if (next_random(state) % 16 == 0) {
                        body[n++] = (char)next_random(state);
                        continue;
                }
                memcpy(body + n, word, strlen(word));
                n += strlen(word);
        }
        return n;
}

int main(int argc, char **argv)
{
        unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
        unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;

        for (seed = first; seed < first + count; seed++) {
                uint64_t state = seed;
                char body[MOST];
                size_t n;

                body[0] = (char)(next_random(&state) % (next_random(&state) % 2 ? 4 : 256));
                n = 1 + compose(body + 1, &state);
                LLVMFuzzerTestOneInput((const unsigned char *)body, n);
        }
        printf("%lu bodies\n", count);
        return 0;
}
#endif
