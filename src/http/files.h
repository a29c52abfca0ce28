/* A folder that is served, and what its connections share. */
#ifndef HTTP_FILES_H
#define HTTP_FILES_H

#include "http/beneath.h"

#include <eddy/http.h>
#include <time.h>

enum { HTTP_PIECE_SIZE = 128 * 1024 };

struct spare; /* a block of memory that waits to be used again */

struct eddy_http_files {
        struct beneath folder;
        eddy_http_files_options options;
        eddy_http_files_counts counts;
        eddy_link connections;
        bool is_stopping;
        struct spare *connection_memory; /* of connections that have ended */
        struct spare *pieces;            /* HTTP_PIECE_SIZE each */
        unsigned spare_connections, spare_pieces;
        time_t preamble_time; /* the second for which the preamble is right */
        char preamble[96];    /* headers that all answers of a second share: Server and Date */
        size_t preamble_size;
};

/** Memory for a connection, not cleared, or NULL; it is kept for the next one when given back. */
void *files_take_connection(struct eddy_http_files *files);
void files_give_connection(struct eddy_http_files *files, void *memory);

/** Memory for a large file's bytes, or NULL. */
char *files_take_piece(struct eddy_http_files *files);
void files_give_piece(struct eddy_http_files *files, char *piece);

/** See that the preamble is of this second. */
void files_refresh_preamble(struct eddy_http_files *files);

#endif
