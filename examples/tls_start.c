/*
 * A connection that begins in the clear and goes on by TLS, as SMTP's does: tls_start CERTIFICATE KEY. Both sides are here; the
 * certificate is for mail.example, and signed by itself.
 *
 *         writer.write(b"STARTTLS\r\n")                                         # asyncio, the client
 *         print(await reader.readline())
 *         await writer.start_tls(context, server_hostname="mail.example")
 *
 * What came before TLS and was not read goes into it, on both sides. So what somebody between them slips in behind
 * "STARTTLS" is never obeyed: it is no TLS, and the connection fails.
 */
#include <eddy.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static eddy_tls *server_tls, *client_tls;

static int say(eddy_stream *stream, const char *line)
{
        return (int)eddy_stream_write_all(stream, line, strlen(line));
}

static bool begins(const char *line, ssize_t n, const char *word)
{
        size_t size = strlen(word);
        return (size_t)n >= size && strncasecmp(line, word, size) == 0;
}

/* One line of the client's: 1; 0 when it was the last; or an error. */
static int obey(eddy_stream *stream, const char *line, ssize_t n)
{
        eddy_tls_info info;
        bool is_secure = eddy_stream_tls_info(stream, &info) == 0;
        int rc;

        if (begins(line, n, "EHLO")) {
                rc = say(stream, is_secure ? "250 mail.example\r\n" : "250-mail.example\r\n250 STARTTLS\r\n");
        } else if (begins(line, n, "STARTTLS") && !is_secure) {
                rc = say(stream, "220 go ahead\r\n"); /* the last in the clear */
                if (rc >= 0)
                        rc = eddy_stream_start_tls(stream, server_tls, NULL);
        } else if (begins(line, n, "QUIT")) {
                rc = say(stream, "221 bye\r\n");
                return rc < 0 ? rc : 0;
        } else {
                rc = say(stream, is_secure ? "250 ok\r\n" : "530 STARTTLS first\r\n");
        }
        return rc < 0 ? rc : 1;
}

static intptr_t serve(eddy_stream *stream, void *arg)
{
        (void)arg;
        const char *line;
        ssize_t n;
        int rc = say(stream, "220 mail.example\r\n");
        while (rc > 0 && (n = eddy_stream_read_line(stream, &line)) != 0)
                rc = n < 0 ? (int)n : obey(stream, line, n);
        return rc < 0 ? rc : 0;
}

/* Read an answer and print it; its last line has no hyphen behind the number. */
static int hear(eddy_stream *stream)
{
        const char *line;
        ssize_t n;
        do {
                n = eddy_stream_read_line(stream, &line);
                if (n < 4)
                        return n < 0 ? (int)n : EDDY_EPROTOCOL;
                printf("S: %.*s", (int)n, line);
        } while (line[3] == '-');
        return 0;
}

static int ask(eddy_stream *stream, const char *line)
{
        printf("C: %s", line);
        int rc = say(stream, line);
        return rc < 0 ? rc : hear(stream);
}

static int talk(eddy_stream *stream)
{
        int rc = hear(stream);
        if (rc == 0)
                rc = ask(stream, "EHLO home.example\r\n");
        if (rc == 0)
                rc = ask(stream, "MAIL FROM:<ada@home.example>\r\n");
        if (rc == 0)
                rc = ask(stream, "STARTTLS\r\n");
        if (rc == 0)
                rc = eddy_stream_start_tls(stream, client_tls, "mail.example");
        if (rc == 0)
                puts("(both sides speak TLS)");
        if (rc == 0) /* anew: what was said in the clear may not have been the server's */
                rc = ask(stream, "EHLO home.example\r\n");
        if (rc == 0)
                rc = ask(stream, "MAIL FROM:<ada@home.example>\r\n");
        return rc == 0 ? ask(stream, "QUIT\r\n") : rc;
}

static intptr_t app(void *arg)
{
        (void)arg;
        eddy_server *server;
        eddy_stream *stream;
        int rc = eddy_start_server(&server, serve, NULL, "127.0.0.1", 0, NULL);
        if (rc < 0)
                return rc;
        rc = eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL);
        if (rc == 0) {
                rc = talk(stream);
                eddy_stream_destroy(stream);
        }
        eddy_server_destroy(server);
        return rc;
}

int main(int argc, char **argv)
{
        if (argc != 3) {
                fputs("usage: tls_start CERTIFICATE KEY\n", stderr);
                return 2;
        }
        intptr_t rc = eddy_tls_create_server(
            &server_tls, &(eddy_tls_options){.certificate_file = argv[1], .key_file = argv[2]});
        if (rc == 0)
                rc = eddy_tls_create_client(&client_tls, &(eddy_tls_options){.ca_file = argv[1]});
        if (rc == 0)
                rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "tls_start: %s\n", eddy_explain(rc));
        eddy_tls_unref(server_tls);
        eddy_tls_unref(client_tls);
        return rc < 0;
}
