#include "scenarios.h"

#include "http_common/coding.h"

#include <eddy/http_client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** A server of one small file, which breaks its first answer off, and who asks it. */
struct exchange {
        eddy_server *server;
        eddy_http_client *client;
        bool breaks;
        char url[64];
};

static intptr_t answer(eddy_stream *stream, void *arg)
{
        struct exchange *exchange = arg;
        const char *line;
        char text[256];
        bool is_rest = false;
        ssize_t n;
        int size;

        while ((n = eddy_stream_read_line(stream, &line)) > 0 && *line != '\r' && *line != '\n')
                is_rest |= strncmp(line, "Range:", 6) == 0;
        if (n <= 0)
                return n;
        size = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nETag: \"a\"\r\n\r\n%s",
                        is_rest ? "206 Rest\r\nContent-Range: bytes 3-5/6\r\nContent-Length: 3"
                                : "200 OK\r\nContent-Length: 6",
                        is_rest            ? "def"
                        : exchange->breaks ? "abc"
                                           : "abcdef");
        exchange->breaks = false;
        return eddy_stream_write_all(stream, text, (size_t)size);
}

static int exchange_open(struct exchange *exchange, bool breaks)
{
        int rc;

        *exchange = (struct exchange){.breaks = breaks};
        rc = eddy_start_server(&exchange->server, answer, exchange, "127.0.0.1", 0, NULL);
        if (rc < 0)
                return rc;
        snprintf(exchange->url, sizeof exchange->url, "http://127.0.0.1:%d/x",
                 eddy_server_port(exchange->server));
        return eddy_http_client_create(&exchange->client, NULL);
}

static void exchange_close(struct exchange *exchange)
{
        eddy_http_client_destroy(exchange->client);
        end_server(exchange->server);
}

static intptr_t fetching(void *arg)
{
        struct exchange exchange;
        eddy_http_response response = {0};
        int rc = exchange_open(&exchange, false);

        (void)arg;
        if (rc == 0)
                rc = eddy_http_fetch(
                    exchange.client,
                    &(eddy_http_request){.url = exchange.url, .stall_timeout = eddy_seconds(5)}, &response);
        if (rc == 0 && (response.status != 200 || response.received != 6))
                rc = EDDY_EPROTOCOL;
        eddy_http_response_finish(&response);
        exchange_close(&exchange);
        return rc;
}

/* Told of an interruption or a failure, there is no such file; else it is whole. */
static void check_file(const char *path, int rc)
{
        char bytes[8];
        FILE *file = fopen(path, "r");
        size_t n = file ? fread(bytes, 1, sizeof bytes, file) : 0;

        if (rc < 0 ? file != NULL : n != 6 || memcmp(bytes, "abcdef", 6) != 0)
                abort();
        if (file)
                fclose(file);
}

static intptr_t downloading(void *arg)
{
        char folder[] = "/tmp/eddy-http-XXXXXX", path[64], part[64];
        struct exchange exchange;
        int rc;

        (void)arg;
        if (!mkdtemp(folder))
                return -ENOENT;
        snprintf(path, sizeof path, "%s/x", folder);
        snprintf(part, sizeof part, "%s/.x.part", folder);
        rc = exchange_open(&exchange, true);
        if (rc == 0) {
                rc = eddy_http_download(
                    exchange.client,
                    &(eddy_http_request){.url = exchange.url, .stall_timeout = eddy_seconds(5)}, path,
                    &(eddy_http_download_options){.retries = 2, .backoff = eddy_ms(1)}, NULL);
                check_file(path, rc);
        }
        exchange_close(&exchange);
        unlink(path);
        unlink(part);
        rmdir(folder);
        return rc;
}

/* Reads a body in chunks, which it breaks off, sends elsewhere and takes, in this order. */
static intptr_t take(eddy_stream *stream, void *arg)
{
        static const char *const answers[] = {"", "307 Elsewhere\r\nLocation: y?z\r\nSet-Cookie: a=b",
                                              "200 OK\r\nContent-Encoding: identity"};
        unsigned *asked = arg;
        const char *line;
        char text[256];
        ssize_t n;
        int size;

        while ((n = eddy_stream_read_line(stream, &line)) > 0 && strncmp(line, "0\r\n", 3) != 0)
                ;
        if (n > 0)
                n = eddy_stream_read_line(stream, &line);
        if (n <= 0 || (*asked)++ == 0)
                return n;
        size = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 5\r\n\r\nwhole",
                        answers[*asked > 2 ? 2 : *asked - 1]);
        return eddy_stream_write_all(stream, text, (size_t)size);
}

static ssize_t give_piece(void *buffer, size_t n, void *arg)
{
        unsigned *left = arg;

        (void)n;
        if (*left == 0)
                return 0;
        --*left;
        memcpy(buffer, "piece\n", 6);
        return 6;
}

static int give_again(void *arg)
{
        *(unsigned *)arg = 2;
        return 0;
}

static int send_body(eddy_http_client *client)
{
        const char *const query[] = {"a", "b c", NULL}, *const lines[] = {"Authorization: x", NULL};
        unsigned left = 2;
        const eddy_http_request request = {.url = "x",
                                           .method = "PUT",
                                           .query = query,
                                           .headers = lines,
                                           .retries = 2,
                                           .backoff = 1,
                                           .stall_timeout = eddy_seconds(5),
                                           .read_body = give_piece,
                                           .rewind_body = give_again,
                                           .arg = &left};
        eddy_http_response response;
        char *body = NULL, *cookies = NULL;
        int rc = eddy_http_send(client, &request, &response);
        ssize_t n = rc < 0 ? rc : eddy_http_response_read_all(&response, &body, 100);

        if (n >= 0 && strcmp(body, "whole") != 0)
                abort();
        eddy_http_response_finish(&response);
        eddy_free(body);
        if (n >= 0)
                n = eddy_http_client_cookies(client, &cookies);
        eddy_free(cookies);
        return n < 0 ? (int)n : 0;
}

static int send_to(const char *base)
{
        const char *const lines[] = {"X-Client: y", NULL};
        const eddy_http_client_options options = {.keeps_cookies = true, .headers = lines, .base_url = base};
        eddy_http_client *client = NULL;
        int rc = eddy_http_client_create(&client, &options);

        if (rc == 0)
                rc = send_body(client);
        eddy_http_client_destroy(client);
        return rc;
}

static intptr_t sending(void *arg)
{
        eddy_server *server;
        unsigned asked = 0;
        char base[64];
        int rc = eddy_start_server(&server, take, &asked, "127.0.0.1", 0, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        snprintf(base, sizeof base, "http://127.0.0.1:%d/", eddy_server_port(server));
        rc = send_to(base);
        end_server(server);
        return rc;
}

static intptr_t sending_to_a_socket(void *arg)
{
        char folder[] = "/tmp/eddy-http-XXXXXX", path[64], base[96];
        eddy_server *server;
        unsigned asked = 0;
        int rc;

        (void)arg;
        if (!mkdtemp(folder))
                return -ENOENT;
        snprintf(path, sizeof path, "%s/a socket", folder);
        snprintf(base, sizeof base, "http://unix:%s/a%%20socket:/", folder);
        rc = eddy_start_unix_server(&server, take, &asked, path, NULL);
        if (rc == 0) {
                rc = send_to(base);
                end_server(server);
        }
        unlink(path);
        rmdir(folder);
        return rc;
}

static intptr_t sending_files(void *arg)
{
        const eddy_http_upload uploads[] = {{.name = "a", .data = "b", .size = 1},
                                            {.name = "c", .path = "/etc/hostname"}};
        const eddy_http_request request = {
            .uploads = uploads, .upload_count = 2, .stall_timeout = eddy_seconds(5)};
        struct exchange exchange;
        int rc = exchange_open(&exchange, false);

        (void)arg;
        if (rc == 0) {
                eddy_http_request asked = request;

                asked.url = exchange.url;
                rc = eddy_http_fetch(exchange.client, &asked, NULL);
        }
        exchange_close(&exchange);
        return rc;
}

/* "hello hello hello", twice in gzip. */
static const char wrapped[] =
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 45\r\nContent-Encoding: gzip, gzip\r\n\r\n"
    "\037\213\010\000\000\000\000\000\002\003\223\357\346\140\000\001\046\346\323\036\147\117\236\014\077\341"
    "\060\201"
    "\241\241\343\347\123\101\240\030\000\173\071\130\021\034\000\000\000";
/* 512 KiB of zeros. */
static const char growing[] =
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 22\r\nContent-Encoding: zstd\r\n\r\n"
    "\x28\xb5\x2f\xfd\0\x38\2\0\x10\0\2\0\x10\0\2\0\x10\0\3\0\x10\0";

static intptr_t send_coded(eddy_stream *stream, void *arg)
{
        bool *has_sent = arg;
        const char *line;
        ssize_t n;

        while ((n = eddy_stream_read_line(stream, &line)) > 0 && *line != '\r')
                ;
        if (n <= 0)
                return n;
        if (*has_sent)
                return eddy_stream_write_all(stream, growing, sizeof growing - 1);
        *has_sent = true;
        return eddy_stream_write_all(stream, wrapped, sizeof wrapped - 1);
}

static int read_coded(eddy_http_client *client, const char *url)
{
        const eddy_http_request request = {.url = url, .stall_timeout = eddy_seconds(5)};
        eddy_http_response response = {0};
        char *body = NULL;
        int rc = eddy_http_send(client, &request, &response);
        ssize_t n = rc < 0 ? rc : eddy_http_response_read_all(&response, &body, 1000);

        if (n >= 0 && strcmp(body, "hello hello hello") != 0)
                abort();
        eddy_free(body);
        eddy_http_response_finish(&response);
        if (n >= 0)
                n = eddy_http_fetch(client, &request, &response);
        if (n == 0 && response.received != 512 << 10)
                abort();
        eddy_http_response_finish(&response);
        return n < 0 ? (int)n : 0;
}

static intptr_t decoding(void *arg)
{
        eddy_http_client *client = NULL;
        eddy_server *server;
        bool has_sent = false;
        char url[64];
        int rc;

        (void)arg;
        if (!coding_is_built_in(CODING_GZIP) || !coding_is_built_in(CODING_ZSTD))
                return 0;
        rc = eddy_start_server(&server, send_coded, &has_sent, "127.0.0.1", 0, NULL);
        if (rc < 0)
                return rc;
        snprintf(url, sizeof url, "http://127.0.0.1:%d/", eddy_server_port(server));
        rc = eddy_http_client_create(&client, NULL);
        if (rc == 0)
                rc = read_coded(client, url);
        eddy_http_client_destroy(client);
        end_server(server);
        return rc;
}

const struct scenario scenarios[] = {
    {"sending to a socket", sending_to_a_socket},
    {"sending", sending},
    {"sending files", sending_files},
    {"fetching", fetching},
    {"downloading", downloading},
    {"decoding", decoding},
    {NULL, NULL},
};
