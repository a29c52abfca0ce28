#include "http/multipart.h"

#include "http/gathering.h"
#include "http/multipart_head.h"
#include "http/multipart_parser.h"
#include <eddy/task.h>

enum {
        DEFAULT_MAX_PARTS = 1000,
        DEFAULT_MAX_HEADER_SIZE = 8 * 1024,
        MOST_HEADER_SIZE = 1024 * 1024,
        DEFAULT_MAX_FIELD_SIZE = 1024 * 1024,
        DEFAULT_MAX_SIZE = 64 * 1024 * 1024,
        BUFFER_SIZE = 16 * 1024,
};

struct eddy_http_multipart {
        struct body_source body;
        struct multipart_parser parser;
        eddy_http_multipart_options most; /* with no defaults left */
        struct multipart_piece piece;     /* content that nobody has read yet */
        struct gathering gathered;        /* for eddy_http_multipart_read_all() */
        eddy_http_part part;
        bool has_part;   /* one was given out; */
        bool is_in_part; /* and has not ended */
        bool has_ended;  /* the last one has */
        int failure;     /* after which nothing can be read; 0: none */
        size_t parts;    /* so far, */
        size_t size;     /* bytes of the body, */
        size_t part_size;
        size_t at, filled;        /* what the parser has not seen of the buffer */
        char *text;               /* strings of the part; as large as the parser's head */
        char buffer[BUFFER_SIZE]; /* and behind it the head and that text */
};

static size_t or_default(size_t size, size_t by_default)
{
        return size ? size : by_default;
}

static eddy_http_multipart_options complete(const eddy_http_multipart_options *options)
{
        eddy_http_multipart_options most = options ? *options : (eddy_http_multipart_options){0};

        most.max_parts = or_default(most.max_parts, DEFAULT_MAX_PARTS);
        most.max_header_size = or_default(most.max_header_size, DEFAULT_MAX_HEADER_SIZE);
        if (most.max_header_size > MOST_HEADER_SIZE)
                most.max_header_size = MOST_HEADER_SIZE;
        most.max_field_size = or_default(most.max_field_size, DEFAULT_MAX_FIELD_SIZE);
        most.max_size = or_default(most.max_size, DEFAULT_MAX_SIZE);
        most.max_file_size = or_default(most.max_file_size, most.max_size);
        return most;
}

/* Prepare the parser by a Content-Type, with a copy of it that is long enough for any boundary in it. */
static int set_boundary(eddy_http_multipart *form, const char *type, char *head)
{
        char *boundary = memory_strdup(type ? type : "");
        int rc = boundary ? multipart_boundary(boundary, type) : -ENOMEM;

        if (rc == 0 && multipart_parser_init(&form->parser, boundary, head, form->most.max_header_size) < 0)
                rc = eddy_fail(EDDY_EPROTOCOL, "a form with files whose boundary is none");
        memory_free(boundary);
        return rc;
}

int multipart_open(eddy_http_multipart **opened, struct body_source body, const char *type,
                   const eddy_http_multipart_options *options)
{
        eddy_http_multipart_options most = complete(options);
        eddy_http_multipart *form = memory_alloc(sizeof *form + 2 * most.max_header_size);
        char *head = form ? (char *)(form + 1) : NULL;
        int rc;

        *opened = NULL;
        if (!form)
                return -ENOMEM;
        memset(form, 0, offsetof(eddy_http_multipart, buffer));
        form->body = body;
        form->most = most;
        form->text = head + most.max_header_size;
        rc = set_boundary(form, type, head);
        if (rc < 0)
                memory_free(form);
        else
                *opened = form;
        return rc;
}

void eddy_http_multipart_close(eddy_http_multipart *form)
{
        if (form)
                memory_free(form->gathered.text);
        memory_free(form);
}

/* An error of the form, which whoever has sent it is told of. */
static int note(const eddy_http_multipart *form, int rc)
{
        return form->body.note_content ? form->body.note_content(form->body.of, rc) : rc;
}

/* It is over with the form, if this is an error. */
static int conclude(eddy_http_multipart *form, int rc)
{
        return form->failure = note(form, rc);
}

static int fail_for_size(eddy_http_multipart *form)
{
        return conclude(form, eddy_fail(EDDY_ELIMIT, "a form of more than %zu bytes", form->most.max_size));
}

/* See that there are bytes to parse: 1; 0 at the body's end; or an error. */
static int fill(eddy_http_multipart *form)
{
        ssize_t n;

        if (form->at < form->filled)
                return 1;
        if (form->body.length > 0 && (uint64_t)form->body.length > form->most.max_size)
                return fail_for_size(form); /* before its sender has leave to send it */
        n = form->body.read(form->body.of, form->buffer, sizeof form->buffer);
        if (n <= 0)
                return (int)n;
        form->at = 0;
        form->filled = (size_t)n;
        form->size += (size_t)n;
        return form->size > form->most.max_size ? fail_for_size(form) : 1;
}

static int begin_part(eddy_http_multipart *form)
{
        int rc = multipart_describe(&form->part, form->parser.head, form->text);

        form->is_in_part = true;
        form->part_size = 0;
        if (rc == 0 && form->parts++ >= form->most.max_parts)
                rc = eddy_fail(EDDY_ELIMIT, "a form of more than %zu parts", form->most.max_parts);
        return rc;
}

static int count_content(eddy_http_multipart *form)
{
        bool is_file = form->part.filename;
        size_t most = is_file ? form->most.max_file_size : form->most.max_field_size;

        form->part_size += form->piece.size;
        if (form->part_size > most)
                return eddy_fail(EDDY_ELIMIT, "%s %.100s of more than %zu bytes", is_file ? "file" : "field",
                                 form->part.name, most);
        return 0;
}

static int handle(eddy_http_multipart *form)
{
        switch (form->piece.event) {
        case MULTIPART_PART:
                return begin_part(form);
        case MULTIPART_CONTENT:
                return count_content(form);
        case MULTIPART_PART_END:
                form->is_in_part = false;
                return 0;
        case MULTIPART_END:
                form->has_ended = true;
                return 0;
        default:
                return 0;
        }
}

/* Go on to the next event; 0 or an error. May suspend. */
static int advance(eddy_http_multipart *form)
{
        ssize_t rc = fill(form);

        if (rc == 0)
                return conclude(form, eddy_fail(EDDY_EINCOMPLETE, "a form without its last boundary"));
        if (rc < 0)
                return (int)rc;
        rc = multipart_parser_feed(&form->parser, form->buffer + form->at, form->filled - form->at,
                                   &form->piece);
        if (rc >= 0) {
                form->at += (size_t)rc;
                rc = handle(form);
        }
        return conclude(form, (int)rc);
}

/* Whether a caller may be here: 0, or why not. */
static int enter(const eddy_http_multipart *form)
{
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        return rc < 0 ? rc : form->failure;
}

/* What is behind the last part belongs to the body, too. */
static int skip_epilogue(eddy_http_multipart *form)
{
        int rc;

        do
                form->at = form->filled;
        while ((rc = fill(form)) > 0);
        return rc;
}

int eddy_http_multipart_next(eddy_http_multipart *form, eddy_http_part *part)
{
        int rc = enter(form);

        if (rc < 0)
                return rc;
        form->has_part = false;
        form->gathered.size = 0;
        while (rc == 0 && !form->has_ended && !form->has_part) {
                rc = advance(form);
                form->has_part = rc == 0 && form->piece.event == MULTIPART_PART;
        }
        if (rc < 0 || form->has_ended)
                return rc < 0 ? rc : skip_epilogue(form);
        *part = form->part;
        return 1;
}

/* See that there is content to be had of the part: 1; 0 at its end; or an error. May suspend. */
static int find_content(eddy_http_multipart *form)
{
        int rc = enter(form);

        if (rc == 0 && !form->has_part)
                return EDDY_EINVALIDSTATE;
        while (rc == 0 && form->is_in_part && form->piece.size == 0)
                rc = advance(form);
        return rc < 0 ? rc : form->piece.size > 0;
}

static size_t take(eddy_http_multipart *form, void *buffer, size_t n)
{
        n = n < form->piece.size ? n : form->piece.size;
        memcpy(buffer, form->piece.content, n);
        form->piece.content += n;
        form->piece.size -= n;
        return n;
}

ssize_t eddy_http_multipart_read(eddy_http_multipart *form, void *buffer, size_t n)
{
        int rc = find_content(form);

        return rc == 1 ? (ssize_t)take(form, buffer, n) : rc;
}

ssize_t eddy_http_multipart_read_all(eddy_http_multipart *form, char **content)
{
        struct gathering *all = &form->gathered;
        ssize_t rc;

        *content = NULL;
        while ((rc = gathering_reserve(all)) == 0 && (rc = find_content(form)) == 1) {
                if (all->size + form->piece.size > form->most.max_field_size) {
                        all->size = 0;
                        return note(form, eddy_fail(EDDY_ELIMIT, "part %.100s of more than %zu bytes",
                                                    form->part.name, form->most.max_field_size));
                }
                all->size += take(form, all->text + all->size, all->capacity - all->size);
        }
        if (rc < 0)
                return rc;
        all->text[all->size] = '\0';
        rc = (ssize_t)all->size;
        *content = all->text;
        *all = (struct gathering){0};
        return rc;
}

const char *eddy_http_multipart_header(const eddy_http_multipart *form, const char *name)
{
        return form->has_part ? multipart_header(form->parser.head, name) : NULL;
}
