/* What a client was told, kept for its requests. */
#include "http_client/options.h"
#include "http_client/header.h"
#include "http_client/url.h"
#include "http_common/coding.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

void client_options_free(eddy_http_client *client)
{
        for (const char **line = client->headers; line && *line; line++)
                memory_free_text(*line);
        memory_free((void *)client->headers);
        memory_free_text(client->user_agent);
        memory_free_text(client->encodings);
        memory_free_text(client->base_url);
        memory_free_text(client->base_socket);
        memory_free_text(client->proxy);
        memory_free_text(client->certificate_file);
        memory_free_text(client->key_file);
}

static int copy_headers(eddy_http_client *client, const char *const *lines)
{
        size_t count = 0;
        int rc = 0;

        while (lines && lines[count])
                count++;
        if (count == 0)
                return 0;
        client->headers = memory_zalloc((count + 1) * sizeof *lines);
        if (!client->headers)
                return -ENOMEM;
        for (size_t i = 0; rc == 0 && i < count; i++) {
                rc = header_check(lines[i]);
                client->headers[i] = lines[i];
                if (rc == 0)
                        rc = memory_copy_text(&client->headers[i]);
                if (rc < 0)
                        client->headers[i] = NULL;
        }
        return rc;
}

static bool is_proxy(const char *text)
{
        static const char *const schemes[] = {"http://",    "https://",  "socks4://",
                                              "socks4a://", "socks5://", "socks5h://"};

        for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
                if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
                        return true;
        return !strstr(text, "://"); /* an HTTP one, as curl has it */
}

static int check_options(const eddy_http_client_options *options)
{
        if (options->base_url && strncasecmp(options->base_url, "http://", 7) != 0 &&
            strncasecmp(options->base_url, "https://", 8) != 0)
                return eddy_fail(-EINVAL, "the base '%s' is neither http:// nor https://", options->base_url);
        if (options->proxy && *options->proxy && !is_proxy(options->proxy))
                return eddy_fail(-EINVAL, "the proxy '%s' is none of http://, https:// and socks5://",
                                 options->proxy);
        return 0;
}

static const char *agent_of(const eddy_http_client_options *options)
{
        static const char name[] = "User-Agent: ";
        char *line = memory_alloc(sizeof name + 64 + (options->user_agent ? strlen(options->user_agent) : 0));

        if (line && options->user_agent)
                strcpy(stpcpy(line, name), options->user_agent);
        else if (line)
                sprintf(line, "%seddy/%s", name, eddy_version());
        return line;
}

/* Those that this build can undo, but for deflate, which servers disagree on. */
static const char *encodings(void)
{
        static const enum coding codings[] = {CODING_GZIP, CODING_BR, CODING_ZSTD};
        char line[64] = "Accept-Encoding: ", *end = line + strlen(line), *start = end;

        for (size_t i = 0; i < sizeof codings / sizeof *codings; i++)
                if (coding_is_built_in(codings[i]))
                        end = stpcpy(stpcpy(end, end > start ? ", " : ""), coding_name(codings[i]));
        if (end == start)
                strcpy(end, "identity");
        return memory_strdup(line);
}

/* Whether there is anything for curl to find, which would look for it at each request. */
static bool environment_names_proxy(void)
{
        static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                            "ALL_PROXY"};

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                const char *value = getenv(names[i]);

                if (value && *value)
                        return true;
        }
        return false;
}

static int copy_base(eddy_http_client *client, const char *base)
{
        char *socket_path, *rest;
        int rc = url_split_unix(base, &socket_path, &rest);

        if (rc < 0)
                return url_fail_unix(rc, base);
        client->base_socket = socket_path;
        client->base_url = url_encode(rest ? rest : base);
        memory_free(rest);
        return client->base_url ? 0 : -ENOMEM;
}

int client_options_copy(eddy_http_client *client, const eddy_http_client_options *options)
{
        int rc = check_options(options);

        if (rc < 0)
                return rc;
        client->versions = options->versions;
        client->receive_rate = options->receive_rate;
        client->proxy = options->proxy || environment_names_proxy() ? options->proxy : "";
        client->certificate_file = options->certificate_file;
        client->key_file = options->key_file;
        client->user_agent = agent_of(options);
        client->encodings = encodings();
        /* All, though one has failed: each is a copy then, or NULL. */
        rc = memory_copy_text(&client->proxy) | memory_copy_text(&client->certificate_file) |
             memory_copy_text(&client->key_file);
        if (rc < 0 || !client->user_agent || !client->encodings)
                return -ENOMEM;
        rc = options->base_url ? copy_base(client, options->base_url) : 0;
        if (rc < 0)
                return rc;
        return header_check(client->user_agent) < 0 ? -EINVAL : copy_headers(client, options->headers);
}
