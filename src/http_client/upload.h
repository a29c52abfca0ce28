/* The body of a request: bytes that are there, or that come while it is sent. */
#ifndef HTTP_CLIENT_UPLOAD_H
#define HTTP_CLIENT_UPLOAD_H

#include <eddy/file.h>
#include <eddy/http_request.h>

enum { UPLOAD_SIZE = 64 * 1024 /* bytes that wait for curl */ };

struct upload_form;

struct upload {
        const eddy_http_request *request;
        const void *bytes; /* the whole; NULL: there is none, or it comes piece by piece, */
        char *form;        /* encoded from the request's form; or NULL */
        /* by this, which may suspend: the next bytes, at most n; 0: the end. NULL: it does not */
        ssize_t (*read)(struct upload *upload, void *buffer, size_t n);
        int64_t length;   /* -1: not known */
        const char *type; /* what it is, unless a header of the request says that; NULL: there is no body */
        eddy_file *file;  /* the one it is, or the one of the form that is under way; NULL: none */
        int64_t taken;    /* bytes that were read of it */
        struct upload_form *parts;
        char *buffer;      /* UPLOAD_SIZE bytes; NULL: none were needed yet */
        size_t start, end; /* those that wait for curl */
        bool is_over;      /* no more will come */
        bool is_wanted;    /* curl waits for bytes */
        bool is_stale;     /* curl has asked for it from its beginning: what was read is of no use */
};

/** Why one cannot begin anew, in words. */
extern const char upload_once[];

/** Find out what body a request has. 0; -ENOMEM, or what opening its file brought. Suspends for files. */
int upload_open(struct upload *upload, const eddy_http_request *request);

/** Whether it can begin anew. */
bool upload_can_rewind(const struct upload *upload);

/** Have it begin anew before curl is given more of it. In the loop: for what is read just now nobody is waited. */
void upload_expire(struct upload *upload);

/** Begin anew; 0, or less where it cannot. Suspends for files. */
int upload_rewind(struct upload *upload);

/** Read more of it for curl, unless it has expired meanwhile. 0, or less, with a sentence. May suspend. */
int upload_fill(struct upload *upload);

/** Take bytes for curl: how many; 0: that was all; -EAGAIN: none are there yet. */
ssize_t upload_take(struct upload *upload, void *buffer, size_t n);

/** Give back what it holds, but for the buffer. */
void upload_close(struct upload *upload);

#endif
