#include "http/files.h"

#include "base/list.h"
#include "base/memory.h"
#include "http/connection.h"
#include "http/date.h"
#include <stdio.h>

/* More than this of each is given back to the system: enough that steady load allocates nothing. */
enum { SPARE_CONNECTIONS_MAX = 256, SPARE_PIECES_MAX = 32 };

struct spare {
        struct spare *next;
};

static void *take(struct spare **spares, unsigned *count, size_t size)
{
        struct spare *spare = *spares;

        if (!spare)
                return memory_alloc(size);
        *spares = spare->next;
        --*count;
        return spare;
}

static void give(struct spare **spares, unsigned *count, unsigned max, void *memory)
{
        struct spare *spare = memory;

        if (*count == max) {
                memory_free(memory);
                return;
        }
        spare->next = *spares;
        *spares = spare;
        ++*count;
}

static void free_all(struct spare *spare)
{
        while (spare) {
                struct spare *next = spare->next;

                memory_free(spare);
                spare = next;
        }
}

void *files_take_connection(struct eddy_http_files *files)
{
        return take(&files->connection_memory, &files->spare_connections, sizeof(struct connection));
}

void files_give_connection(struct eddy_http_files *files, void *memory)
{
        give(&files->connection_memory, &files->spare_connections, SPARE_CONNECTIONS_MAX, memory);
}

char *files_take_piece(struct eddy_http_files *files)
{
        return take(&files->pieces, &files->spare_pieces, HTTP_PIECE_SIZE);
}

void files_give_piece(struct eddy_http_files *files, char *piece)
{
        give(&files->pieces, &files->spare_pieces, SPARE_PIECES_MAX, piece);
}

void files_refresh_preamble(struct eddy_http_files *files)
{
        time_t now = time(NULL);
        int size;

        if (now == files->preamble_time)
                return;
        size = snprintf(files->preamble, sizeof files->preamble, "Server: eddy/%s\r\nDate: ", eddy_version());
        http_date_write(files->preamble + size, now);
        size += HTTP_DATE_SIZE;
        files->preamble[size++] = '\r';
        files->preamble[size++] = '\n';
        files->preamble_size = (size_t)size;
        files->preamble_time = now;
}

int eddy_http_files_create(eddy_http_files **files_out, const char *directory,
                           const eddy_http_files_options *options)
{
        eddy_http_files *files = memory_zalloc(sizeof *files);
        int rc;

        if (!files)
                return -ENOMEM;
        rc = beneath_init(&files->folder, directory);
        if (rc < 0) {
                memory_free(files);
                return rc == -ENOMEM ? rc : eddy_fail(rc, "cannot serve %s: %s", directory, eddy_strerror(rc));
        }
        list_init(&files->connections);
        if (options)
                files->options = *options;
        if (files->options.timeout <= 0)
                files->options.timeout = eddy_seconds(30);
        *files_out = files;
        return 0;
}

void eddy_http_files_destroy(eddy_http_files *files)
{
        if (!files)
                return;
        free_all(files->connection_memory);
        free_all(files->pieces);
        beneath_finish(&files->folder);
        memory_free(files);
}

void eddy_http_files_stop(eddy_http_files *files)
{
        files->is_stopping = true;
        for (eddy_link *link = files->connections.next; link != &files->connections; link = link->next) {
                struct connection *connection = container_of(link, struct connection, link);

                if (connection->is_waiting)
                        eddy_cancel(connection->task);
        }
}

void eddy_http_files_count(const eddy_http_files *files, eddy_http_files_counts *counts)
{
        *counts = files->counts;
}
