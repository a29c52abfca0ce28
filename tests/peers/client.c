/* peers_client [OPTION]... URL...: our client, to be tried on servers of others. It asks for each URL in turn, all with one client, and
 * writes a line of JSON for each: the answer, or what failed. Bytes are written as the letters of ISO-8859-1 that have their
 * numbers. A body beyond BODY_SHOWN is known by its CRC-32 alone. */
#include <eddy/http_client.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 64 * 1024 * 1024, BODY_SHOWN = 64 * 1024, MOST = 16 };

/** What the command line asks for. */
struct wish {
        eddy_http_client_options client;
        eddy_http_request request;
        const char *headers[MOST + 1], *form[2 * MOST + 1];
        eddy_http_upload uploads[MOST];
        size_t header_count, form_count;
        char **urls;
        FILE *chunked; /* what is sent without its length being known */
};

static void put_text(const char *text, size_t n)
{
        putchar('"');
        for (size_t i = 0; i < n; i++) {
                unsigned char byte = (unsigned char)text[i];

                if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\')
                        printf("\\u%04x", byte);
                else
                        putchar(byte);
        }
        putchar('"');
}

static void put_field(const char *name, const char *text)
{
        printf("\"%s\": ", name);
        put_text(text, strlen(text));
        printf(", ");
}

/* As Python's zlib.crc32() has it. */
static unsigned crc32_of(const char *bytes, size_t n)
{
        unsigned crc = ~0u;

        for (size_t i = 0; i < n; i++) {
                crc ^= (unsigned char)bytes[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
        return ~crc;
}

static void put_head(const eddy_http_response *response)
{
        const char *name, *value;

        printf("\"status\": %d, \"version\": %d, \"length\": %lld, \"redirects\": %u, ", response->status,
               response->version, (long long)response->length, response->redirects);
        if (response->url)
                put_field("url", response->url);
        printf("\"headers\": [");
        for (unsigned i = 0; (name = eddy_http_response_header_at(response, i, &value)); i++) {
                printf(i == 0 ? "[" : ", [");
                put_text(name, strlen(name));
                printf(", ");
                put_text(value, strlen(value));
                putchar(']');
        }
        printf("], ");
}

static void put_body(const char *body, size_t n)
{
        printf("\"received\": %zu, \"crc\": %u", n, crc32_of(body, n));
        if (n <= BODY_SHOWN) {
                printf(", \"body\": ");
                put_text(body, n);
        }
}

static int ask(eddy_http_client *client, struct wish *wish, const char *url)
{
        eddy_http_response response;
        char *body = NULL;
        ssize_t n;

        wish->request.url = url;
        n = eddy_http_send(client, &wish->request, &response);
        printf("{");
        put_head(&response);
        if (n == 0)
                n = eddy_http_response_read_all(&response, &body, BODY_MAX);
        if (n < 0) {
                printf("\"received\": %lld, ", (long long)response.received);
                put_field("detail", eddy_error_detail());
                printf("\"error\": \"%s\"", eddy_errname((int)n));
        } else {
                put_body(body, (size_t)n);
        }
        printf("}\n");
        eddy_free(body);
        eddy_http_response_finish(&response);
        return fflush(stdout) == 0 ? 0 : -errno;
}

static intptr_t ask_all(void *arg)
{
        struct wish *wish = arg;
        eddy_http_client *client;
        int rc = eddy_http_client_create(&client, &wish->client);

        if (rc < 0) {
                fprintf(stderr, "%s\n", eddy_error_detail());
                return rc;
        }
        for (char **url = wish->urls; *url && rc == 0; url++)
                rc = ask(client, wish, *url);
        eddy_http_client_destroy(client);
        return rc;
}

static ssize_t read_chunk(void *buffer, size_t n, void *arg)
{
        size_t got = fread(buffer, 1, n, arg);

        return got == 0 && ferror(arg) ? -EIO : (ssize_t)got;
}

static int rewind_chunks(void *arg)
{
        return fseek(arg, 0, SEEK_SET) == 0 ? 0 : -errno;
}

static void send_chunked(struct wish *wish, const char *path)
{
        wish->chunked = fopen(path, "rb");
        if (!wish->chunked) {
                perror(path);
                exit(2);
        }
        wish->request.read_body = read_chunk;
        wish->request.rewind_body = rewind_chunks;
        wish->request.arg = wish->chunked;
}

/* "NAME=VALUE", taken apart where it stands. */
static char *split(char *text, int by)
{
        char *sign = strchr(text, by);

        if (!sign) {
                fprintf(stderr, "peers_client: '%s' has no '%c'\n", text, by);
                exit(2);
        }
        *sign = '\0';
        return sign + 1;
}

static void need_room(size_t count)
{
        if (count == MOST) {
                fprintf(stderr, "peers_client: too many of these\n");
                exit(2);
        }
}

static void add_form(struct wish *wish, char *text)
{
        need_room(wish->form_count / 2);
        wish->form[wish->form_count + 1] = split(text, '=');
        wish->form[wish->form_count] = text;
        wish->form_count += 2;
        wish->request.form = wish->form;
}

static void add_upload(struct wish *wish, char *text)
{
        eddy_http_upload *upload = &wish->uploads[wish->request.upload_count];

        need_room(wish->request.upload_count);
        upload->path = split(text, '=');
        upload->name = text;
        wish->request.upload_count++;
        wish->request.uploads = wish->uploads;
}

static void set_range(struct wish *wish, char *text)
{
        wish->request.range_end = atoll(split(text, '-'));
        wish->request.range_start = atoll(text);
}

static const struct option known[] = {
    {"method", 1, NULL, 'm'},        {"header", 1, NULL, 'h'},  {"data", 1, NULL, 'd'},
    {"form", 1, NULL, 'f'},          {"upload", 1, NULL, 'u'},  {"body", 1, NULL, 'b'},
    {"chunked", 1, NULL, 'c'},       {"user", 1, NULL, 'U'},    {"ca", 1, NULL, 'a'},
    {"proxy", 1, NULL, 'p'},         {"http1", 0, NULL, '1'},   {"http2", 0, NULL, '2'},
    {"cookies", 0, NULL, 'k'},       {"retries", 1, NULL, 'r'}, {"range", 1, NULL, 'R'},
    {"keep-encoding", 0, NULL, 'e'}, {"timeout", 1, NULL, 't'}, {"no-redirects", 0, NULL, 'n'},
    {"cert", 1, NULL, 'C'},          {"key", 1, NULL, 'K'},     {NULL, 0, NULL, 0},
};

static void add_header(struct wish *wish, const char *line)
{
        need_room(wish->header_count);
        wish->headers[wish->header_count++] = line;
        wish->request.headers = wish->headers;
}

static void set_data(eddy_http_request *request, const char *text)
{
        request->body = text;
        request->body_size = strlen(text);
}

/* False: there is no such option. */
static bool take_option(struct wish *wish, int letter, char *value)
{
        eddy_http_request *request = &wish->request;

        /* clang-format off */
        switch (letter) {
        case 'm': request->method = value; break;
        case 'h': add_header(wish, value); break;
        case 'd': set_data(request, value); break;
        case 'f': add_form(wish, value); break;
        case 'u': add_upload(wish, value); break;
        case 'b': request->body_path = value; break;
        case 'c': send_chunked(wish, value); break;
        case 'U': request->user = value; break;
        case 'a': request->ca_file = value; break;
        case 'p': wish->client.proxy = value; break;
        case '1': wish->client.versions = EDDY_HTTP_1_ONLY; break;
        case '2': wish->client.versions = EDDY_HTTP_2_AT_ONCE; break;
        case 'k': wish->client.keeps_cookies = true; break;
        case 'r': request->retries = (unsigned)atoi(value); break;
        case 'R': set_range(wish, value); break;
        case 'e': request->keeps_encoding = true; break;
        case 't': request->timeout = eddy_seconds(atof(value)); break;
        case 'n': request->max_redirects = -1; break;
        case 'C': wish->client.certificate_file = value; break;
        case 'K': wish->client.key_file = value; break;
        default: return false;
        }
        /* clang-format on */
        return true;
}

int main(int argc, char **argv)
{
        /* No environment of a developer's is to lead elsewhere. */
        struct wish wish = {.client.proxy = "", .request.timeout = eddy_seconds(60)};
        intptr_t rc;
        int letter;

        while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1)
                if (!take_option(&wish, letter, optarg))
                        return 2;
        wish.request.backoff = eddy_ms(10);
        wish.urls = argv + optind;
        rc = eddy_run(ask_all, &wish);
        if (wish.chunked)
                fclose(wish.chunked);
        return rc < 0;
}
