#include "redis/options.h"

#include "base/memory.h"
#include "transport/tls.h"

enum { DEFAULT_PORT = 6379 };

static int copy_texts(eddy_redis_options *options)
{
        const char **texts[] = {&options->url,  &options->host,     &options->path,
                                &options->user, &options->password, &options->tls_name};
        int rc = 0;

        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                if (rc == 0)
                        rc = memory_copy_text(texts[i]);
                if (rc < 0)
                        *texts[i] = NULL;
        }
        return rc;
}

static int have_host(eddy_redis_options *options)
{
        if (options->host)
                return 0;
        options->host = memory_strdup("127.0.0.1");
        return options->host ? 0 : -ENOMEM;
}

/** The certificate is for the host, and not for the address that is connected to. */
static int have_tls_name(eddy_redis_options *options)
{
        if (!options->tls || options->tls_name || options->path)
                return 0;
        options->tls_name = memory_strdup(options->host);
        return options->tls_name ? 0 : -ENOMEM;
}

int redis_options_copy(eddy_redis_options *copy, const eddy_redis_options *options)
{
        int rc;

        if (options)
                *copy = *options;
        if (copy->tls)
                copy->tls->impl->ref(copy->tls);
        rc = copy_texts(copy);
        if (rc == 0 && copy->url)
                rc = redis_options_read_url(copy, copy->url);
        memory_free_text(copy->url);
        copy->url = NULL;
        if (rc == 0)
                rc = have_host(copy);
        if (rc == 0)
                rc = have_tls_name(copy);
        if (copy->port == 0)
                copy->port = DEFAULT_PORT;
        if (copy->connect_timeout <= 0)
                copy->connect_timeout = eddy_seconds(5);
        if (copy->keep_alive <= 0)
                copy->keep_alive = eddy_seconds(15);
        if (copy->backoff <= 0)
                copy->backoff = eddy_ms(100);
        if (copy->max_backoff <= 0)
                copy->max_backoff = eddy_seconds(10);
        return rc;
}

void redis_options_free(const eddy_redis_options *options)
{
        memory_free_text(options->host);
        memory_free_text(options->path);
        memory_free_text(options->user);
        memory_free_text(options->password);
        memory_free_text(options->tls_name);
        if (options->tls)
                options->tls->impl->unref(options->tls);
}
