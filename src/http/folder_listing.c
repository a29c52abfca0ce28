/* A folder's list as an answer. */
#include "base/sys.h"
#include "http/beside.h"
#include "http/folder.h"
#include "http/head.h"
#include "http/listing.h"
#include <string.h>

/* The page loads nothing, and what a name might smuggle in, did it get that far, would load nothing either. Nor can another
 * site's page lie over it to have its buttons pressed. */
static const char policy[] =
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'";

/* A page that is being made beside the loop. */
struct listing_work {
        struct listing page;
        struct listing_options options;
        int fd;
        const char *path;
};

static intptr_t make_listing(void *arg)
{
        struct listing_work *work = arg;

        return listing_make(&work->page, work->fd, work->path, &work->options);
}

/* Takes the folder's descriptor. */
static int list_beside(eddy_executor *lister, struct listing_work *work)
{
        intptr_t result = 0;
        int rc = do_beside(lister, "listing", make_listing, work, &result);

        if (rc < 0)
                sys_close(work->fd);
        return rc < 0 ? rc : (int)result;
}

int folder_send_listing(struct eddy_http_files *files, eddy_http_exchange *exchange, int fd)
{
        struct listing_work work = {.options.has_form = files->has_form, .fd = fd, .path = exchange->path};
        int rc;

        listing_read_query(&work.options, strchr(eddy_http_exchange_target(exchange), '?'));
        rc = list_beside(files->lister, &work);
        if (rc < 0)
                rc = head_send_error(exchange, folder_status_of(rc));
        else
                rc = eddy_http_reply(exchange, &(eddy_http_answer){
                                                   .content_type = "text/html; charset=utf-8",
                                                   .headers = (const char *const[]){policy, NULL},
                                                   .body = work.page.text,
                                                   .body_size = work.page.size,
                                               });
        listing_finish(&work.page);
        return rc;
}
