#include "serve_proxy.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* One of them. */
struct serve_proxy {
        char *prefix;
        const char *url; /* of the command line */
        eddy_http_proxy *proxy;
};

static int out_of_memory(void)
{
        cli_usage_error("eddy serve", "there is no memory for --proxy");
        return CLI_FAILED;
}

/* The prefix of "PREFIX=URL", and where its URL begins; NULL: there is no memory. */
static char *read_prefix(const char *text, const char **url)
{
        const char *equals = *text == '/' ? strchr(text, '=') : NULL;

        *url = equals ? equals + 1 : text;
        return equals ? strndup(text, (size_t)(equals - text)) : strdup("/");
}

static struct serve_proxy *make_room(struct serve_proxies *proxies)
{
        struct serve_proxy *all = realloc(proxies->all, (proxies->count + 1) * sizeof *all);

        if (!all)
                return NULL;
        proxies->all = all;
        return &all[proxies->count];
}

int serve_proxy_add(struct serve_proxies *proxies, const char *text)
{
        struct serve_proxy *added = make_room(proxies);
        const char *url;
        int rc;

        if (!added)
                return out_of_memory();
        added->prefix = read_prefix(text, &url);
        if (!added->prefix)
                return out_of_memory();
        added->url = url;
        rc = eddy_http_proxy_create(&added->proxy, url, &proxies->options);
        if (rc == 0) {
                proxies->count++;
                return CLI_OK;
        }
        free(added->prefix);
        if (rc == -ENOMEM)
                return out_of_memory();
        return cli_usage_error("eddy serve",
                               "--proxy takes PREFIX=URL, such as /api=http://127.0.0.1:9000, not '%s': %s",
                               text, eddy_explain(rc));
}

int serve_proxy_mount(const struct serve_proxies *proxies, eddy_http_router *router)
{
        for (size_t i = 0; i < proxies->count; i++) {
                const struct serve_proxy *proxy = &proxies->all[i];
                int rc = eddy_http_proxy_mount(proxy->proxy, router, proxy->prefix);

                if (rc == -ENOMEM)
                        return out_of_memory();
                if (rc < 0)
                        return cli_usage_error("eddy serve", "--proxy %s: %s", proxy->prefix, eddy_explain(rc));
        }
        return CLI_OK;
}

const char *serve_proxy_for_all(const struct serve_proxies *proxies)
{
        for (size_t i = 0; i < proxies->count; i++)
                if (proxies->all[i].prefix[strspn(proxies->all[i].prefix, "/")] == '\0')
                        return proxies->all[i].url;
        return NULL;
}

void serve_proxy_close(struct serve_proxies *proxies)
{
        for (size_t i = 0; i < proxies->count; i++) {
                eddy_http_proxy_destroy(proxies->all[i].proxy);
                free(proxies->all[i].prefix);
        }
        free(proxies->all);
        proxies->all = NULL;
        proxies->count = 0;
}
