/*
 * Print the head of a page by HTTPS: tls_head HOST [PORT [CA-FILE]]
 *
 *         context = ssl.create_default_context(cafile=ca_file)                     # asyncio
 *         reader, writer = await asyncio.open_connection(host, port, ssl=context)
 *         writer.write(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
 *         while line := await reader.readline():
 *                 print(line.decode().rstrip())
 */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
        const char *host, *ca_file;
        uint16_t port;
};

static int print_head(eddy_stream *stream, const char *host)
{
        char query[512];
        snprintf(query, sizeof query, "HEAD / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host);
        eddy_stream_write(stream, query, strlen(query));

        eddy_tls_info info;
        if (eddy_stream_tls_info(stream, &info) == 0)
                printf("%s, %s\n", info.version, info.cipher);
        const char *line;
        ssize_t n;
        while ((n = eddy_stream_read_line(stream, &line)) > 0)
                printf("%.*s", (int)n, line);
        return (int)n;
}

static intptr_t app(void *arg)
{
        const struct page *page = arg;
        eddy_tls *tls;
        int rc = eddy_tls_create_client(&tls, &(eddy_tls_options){.ca_file = page->ca_file});
        if (rc < 0)
                return rc;
        eddy_stream *stream;
        rc = eddy_open_connection(&stream, page->host, page->port, &(eddy_connect_options){.tls = tls});
        eddy_tls_unref(tls); /* the connection has its own reference */
        if (rc < 0)
                return rc;
        rc = print_head(stream, page->host);
        eddy_stream_destroy(stream);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                fputs("usage: tls_head HOST [PORT [CA-FILE]]\n", stderr);
                return 2;
        }
        struct page page = {
            .host = argv[1],
            .port = argc > 2 ? (uint16_t)atoi(argv[2]) : 443,
            .ca_file = argc > 3 ? argv[3] : NULL, /* NULL: whom the system trusts */
        };
        intptr_t rc = eddy_run(app, &page);
        if (rc < 0)
                fprintf(stderr, "tls_head: %s\n", eddy_explain(rc));
        return rc < 0;
}
