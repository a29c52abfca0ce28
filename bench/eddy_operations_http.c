/* The same for libeddy-http: a request for a file of 1 KB, on a connection that stays. */
#include "operations.h"
#include <eddy/http_files.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_SIZE = 1024 };

static const char request[] = "GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n";

typedef struct connection {
        eddy_stream *stream;
        eddy_http_files *files;
} connection;

static intptr_t serve(void *arg)
{
        connection *server = arg;

        return eddy_http_serve_files(server->stream, server->files);
}

/* The answers are of one size each, which the first tells. */
static int ask_often(eddy_stream *client, long count)
{
        char answer[FILE_SIZE * 2];
        ssize_t n, size = 0;

        for (long i = 0; i < count; i++) {
                n = eddy_stream_write_all(client, request, sizeof request - 1);
                if (n >= 0)
                        n = size ? eddy_stream_read_exactly(client, answer, (size_t)size)
                                 : (size = eddy_stream_read(client, answer, sizeof answer));
                if (n < 0)
                        return (int)n;
                if (n < FILE_SIZE || memcmp(answer, "HTTP/1.1 200", 12) != 0)
                        return -EBADMSG;
        }
        return 0;
}

static int ask(const char *folder, long count)
{
        eddy_stream *ends[2];
        connection server;
        int rc = eddy_http_files_create(&server.files, folder, NULL);

        if (rc < 0)
                return rc;
        rc = eddy_stream_pair(ends);
        if (rc < 0)
                goto destroy_files;
        server.stream = ends[1];
        eddy_task *task = eddy_create_task(serve, &server);
        rc = ask_often(ends[0], count);
        eddy_stream_close(ends[0]);
        eddy_join(task, NULL);
        eddy_stream_destroy(ends[0]);
        eddy_stream_destroy(ends[1]);
destroy_files:
        eddy_http_files_destroy(server.files);
        return rc;
}

static int http_request(long count)
{
        static const char content[FILE_SIZE];
        char folder[] = "/tmp/eddy-bench-XXXXXX", path[sizeof folder + 8];
        int rc = -EIO;

        if (!mkdtemp(folder))
                return -EIO;
        snprintf(path, sizeof path, "%s/file", folder);
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (fd >= 0 && write(fd, content, sizeof content) == sizeof content)
                rc = ask(folder, count);
        close(fd);
        unlink(path);
        rmdir(folder);
        return rc;
}

int main(int argc, char **argv)
{
        static const struct operation operations[] = {{"http_request", http_request}, {0}};

        return operations_main(argc, argv, operations);
}
