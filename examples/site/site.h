/* What the files of the site share. Handlers get the site as their argument. */
#ifndef SITE_H
#define SITE_H

#include "store.h"
#include "template.h"

#include <eddy/http.h>
#include <time.h>

enum { KEY_SIZE = 32, TOKEN_SIZE = 65 /* hexadecimal, with its NUL */ };

struct chat;

/* The one there is; it lies in main(). */
struct site {
        const char *files;    /* folder of templates and of static files */
        const char *data;     /* folder of what is kept: the key, pictures, site.db */
        const char *database; /* see store_open(); NULL: site.db in `data` */
        uint16_t port;
        bool is_secure; /* by TLS: cookies are for HTTPS alone */

        unsigned char key[KEY_SIZE]; /* signs cookies */
        char pictures[1024];         /* folder of what was uploaded */
        int arriving;                /* pictures that have been given a place, and are not there yet */
        struct templates *templates;
        struct store *store;
        struct chat *chat;
        eddy_http_service *service; /* these two for what they have counted */
        eddy_server *server;
        time_t since;
        eddy_event stopping; /* set when all that goes on for long is to end */
};

/* Who asks. A middleware finds it out, and session() has it for as long as the request is answered. */
struct session {
        char name[NAME_MAX_BYTES + 1]; /* "": a visitor who has not signed in */
        char token[TOKEN_SIZE]; /* what the forms of our own pages send along, and other sites cannot know */
};

/* session.c */
int session_load_key(struct site *site);
int session_middleware(eddy_http_exchange *exchange, eddy_http_next *next, void *site);
const struct session *session(void);
bool session_has_token(const char *given);
/* Have the answer begin a new session, of a name; "": of a visitor. */
int session_begin(eddy_http_exchange *exchange, const struct site *site, const char *name);

/* guard.c: middleware */
int guard_headers(eddy_http_exchange *exchange, eddy_http_next *next, void *arg);
int guard_origin(eddy_http_exchange *exchange, eddy_http_next *next, void *site);
int guard_errors(eddy_http_exchange *exchange, eddy_http_next *next, void *site);

/* page.c */
/* Answer with a template inside of the layout that all pages have. */
int page_reply(eddy_http_exchange *exchange, const struct site *site, int status, const char *title,
               const char *template, const struct value *values);
/* Answer with what is wrong: as JSON to who wants that, else as a page. */
int page_error(eddy_http_exchange *exchange, const struct site *site, int status, const char *message);
int page_redirect(eddy_http_exchange *exchange, const char *where);
int page_missing(eddy_http_exchange *exchange, void *site);
int page_home(eddy_http_exchange *exchange, void *site);

/* login.c */
int login_page(eddy_http_exchange *exchange, void *site);
int login_begin(eddy_http_exchange *exchange, void *site);
int login_end(eddy_http_exchange *exchange, void *site);
int login_json(eddy_http_exchange *exchange, void *site);

/* notes.c */
int notes_page(eddy_http_exchange *exchange, void *site);
int notes_add(eddy_http_exchange *exchange, void *site);
int notes_json(eddy_http_exchange *exchange, void *site);
int notes_add_json(eddy_http_exchange *exchange, void *site);

/* pictures.c, gallery.c */
int pictures_prepare(struct site *site);
int pictures_page(eddy_http_exchange *exchange, void *site);
int pictures_add(eddy_http_exchange *exchange, void *site);
/* Add a row of HTML for each picture to `rows`; how many there are. */
int gallery_rows(const struct site *site, struct text *rows);
int gallery_count(const struct site *site);

/* chat.c */
int chat_create(struct chat **chat);
void chat_destroy(struct chat *chat);
/* Say goodbye to everybody. Does not suspend. */
void chat_stop(struct chat *chat);
unsigned chat_people(const struct chat *chat);
int chat_page(eddy_http_exchange *exchange, void *site);
int chat_socket(eddy_http_exchange *exchange, void *site);

/* live.c */
int live_page(eddy_http_exchange *exchange, void *site);
int live_events(eddy_http_exchange *exchange, void *site);

#endif
