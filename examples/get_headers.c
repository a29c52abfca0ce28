/*
 * Print the HTTP headers of a page, as in asyncio's documentation: get_headers HOST PORT PATH
 *
 *         reader, writer = await asyncio.open_connection(host, 80)               # asyncio
 *         query = (f"HEAD {path} HTTP/1.0\r\n"
 *                  f"Host: {host}\r\n"
 *                  f"\r\n")
 *         writer.write(query.encode('latin-1'))
 *         while True:
 *                 line = await reader.readline()
 *                 if not line:
 *                         break
 *                 line = line.decode('latin1').rstrip()
 *                 if line:
 *                         print(f'HTTP header> {line}')
 *         writer.close()
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
        const char *host, *path;
        uint16_t port;
};

static int print_headers(eddy_stream *stream, const struct page *page)
{
        char query[1024];
        snprintf(query, sizeof query, "HEAD %s HTTP/1.0\r\nHost: %s\r\n\r\n", page->path, page->host);
        eddy_stream_write(stream, query, strlen(query));

        const char *line;
        ssize_t n;
        while ((n = eddy_stream_read_line(stream, &line)) > 0) {
                while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == '\n'))
                        n--;
                if (n > 0)
                        printf("HTTP header> %.*s\n", (int)n, line);
        }
        return (int)n;
}

static intptr_t app(void *arg)
{
        const struct page *page = arg;
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, page->host, page->port, NULL);
        if (rc < 0)
                return rc;
        rc = print_headers(stream, page);
        eddy_stream_destroy(stream);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 4) {
                fputs("usage: get_headers HOST PORT PATH\n", stderr);
                return 2;
        }
        struct page page = {.host = argv[1], .port = (uint16_t)atoi(argv[2]), .path = argv[3]};
        intptr_t rc = eddy_run(app, &page);
        if (rc < 0)
                fprintf(stderr, "get_headers: %s\n", eddy_explain(rc));
        return rc < 0;
}
