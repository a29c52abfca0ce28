/* One request and its answer, in curl's hands: what the callbacks of curl and of the clock fill in, and what a task waits for. */
#ifndef HTTP_CLIENT_TRANSFER_H
#define HTTP_CLIENT_TRANSFER_H

#include "http_client/client.h"
#include "http_client/upload.h"

enum {
        TRANSFER_IN_SIZE = 64 * 1024,  /* bytes of body that wait for a reader */
        TRANSFER_DROP_MAX = 64 * 1024, /* of an answer nobody wants, for which the connection is kept */
};

/** What becomes of an answer whose head is there. */
enum fate {
        FATE_OPEN,     /* the head is not there */
        FATE_FINAL,    /* it is what was asked for */
        FATE_REDIRECT, /* it is elsewhere */
        FATE_AGAIN,    /* the server may answer later */
};

struct transfer {
        eddy_http_client *client;
        eddy_link link; /* in client->idle, or client->active while curl has it */
        const eddy_http_request *request;
        eddy_http_response *response;
        CURL *easy;
        bool has_been_used; /* by curl, for an answer */
        bool is_added;      /* to the client's multi handle */
        bool is_awaited;    /* a task waits */
        bool is_fetched;    /* the body goes to request->on_body, else to whoever reads */
        eddy_event changed;

        /* What is asked for now, redirects followed. */
        bool is_anonymous; /* credentials may go nowhere; */
        char *first_url;   /* else there, and to its like */
        char *url;         /* NULL: not known yet */
        char *socket_path; /* where it begins at a UNIX socket; NULL: it does not */
        bool is_by_socket; /* and no redirect has led away from there */
        const char *method;
        bool sends_body;
        bool may_repeat; /* another attempt is left, and would do no harm */
        unsigned redirects;
        struct curl_slist *headers;
        struct upload upload;
        struct eddy_timeout *filling; /* a task reads more of it; NULL: none does */
        bool is_sent_in_vain;         /* the server has refused it before its end */
        bool wants_new_connection;    /* the one that was kept was closed */
        bool is_worn_out;             /* the handle is for no other request */
        bool had_body;                /* curl was told of one */
        bool decodes;                 /* a coding of the answer's body is undone */

        /* The answer, of this hop. */
        enum fate fate;
        char *location;
        bool has_all_headers; /* of the latest answer, */
        bool is_connected;    /* to a request that is being sent, or was: of this hop, */
        bool was_connected;   /* or of an earlier one of the same attempt */
        int64_t dropped;      /* bytes of a body that nobody wants */

        /* How it ended. */
        bool is_done;
        CURLcode code;
        int refusal; /* what one of us ended it with, or 0 */
        char message[CURL_ERROR_SIZE];

        /* The body, for a reader. */
        char *in; /* TRANSFER_IN_SIZE bytes; NULL: none were needed yet */
        size_t in_start, in_end;
        char *into; /* a reader's, who waits; NULL: nobody does */
        size_t into_size, into_got;
        bool is_paused;                /* curl holds more back */
        bool is_coded;                 /* these bytes are in a coding, which is undone as they are read: */
        struct unwrapping *unwrapping; /* NULL: none has been read yet */
        uint64_t work;                 /* done for that since others last had their turn */
        eddy_link throttled;           /* in client->throttled: the client receives too much */

        /* What time is left: see patience.h. */
        eddy_timer connect_timer, stall_timer, total_timer;
        eddy_time deadline;   /* of the whole */
        eddy_time last_sign;  /* when the server last sent or took something */
        curl_socket_t socket; /* on which it goes on, or went; CURL_SOCKET_BAD: none yet */
        curl_off_t uploaded;
        uint64_t acknowledged;                    /* bytes that had reached the server at the latest look */
        bool is_late, is_stalled, is_unconnected; /* it was given up for that */
};

/** A transfer for a client, to be given back; NULL: no memory. */
struct transfer *transfer_take(eddy_http_client *client);

/** Give one back. Nothing of it is called any more. */
void transfer_give(struct transfer *t);

/** Free those that are kept. */
void transfer_free_idle(eddy_http_client *client);

/** Make it fit for another answer, before it is prepared; 0 or -ENOMEM. */
int transfer_renew(struct transfer *t);

/** Hand it to curl, which goes on with it in the loop; 0 or -ENOMEM. */
int transfer_start(struct transfer *t);

/** Take it from curl, ended or not. */
void transfer_stop(struct transfer *t);

/** Say to curl what is held up now, of what it receives and what it sends. What it held back may come within the call. */
void transfer_set_pauses(struct transfer *t);

/** It has ended, or is to; who waits is told. */
void transfer_end(struct transfer *t, CURLcode code);

/** End it with an error of ours, and a sentence. */
__attribute__((format(printf, 3, 4))) void transfer_refuse(struct transfer *t, int error, const char *format,
                                                           ...);

/** Wait until something of it has changed, giving bytes of a body to curl where it wants some. 0; less: the caller was
 * interrupted, or another task waits already. */
int transfer_await(struct transfer *t);

/** How it ended, said in the caller's task. */
int transfer_outcome(struct transfer *t);

/** The head of an answer is there: what becomes of it. */
enum fate transfer_judge(struct transfer *t);

#endif
