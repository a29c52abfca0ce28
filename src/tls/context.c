/* Contexts: what certificates, issuers and options come to, read anew where files have changed. */
#include "tls/context.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include "tls/connection.h"
#include "tls/options.h"
#include <openssl/err.h>
#include <openssl/rand.h>

struct tls_context *context_of(eddy_tls *tls)
{
        return container_of(tls, struct tls_context, base);
}

/** Make a mark that nothing else has: 0 or -ENOMEM. */
static int make_mark(struct session_mark *mark)
{
        return RAND_bytes(mark->bytes, sizeof mark->bytes) == 1 ? 0 : -ENOMEM;
}

/* What a reload replaces. */

static void free_contents(struct contents *contents)
{
        for (size_t i = 0; contents && i < contents->count; i++)
                SSL_CTX_free(contents->identities[i]);
        memory_free(contents);
}

/** Read all files: 0 or an error. */
static int read_contents(struct tls_context *context, struct contents **made)
{
        const eddy_tls_options *options = &context->options;
        const eddy_tls_certificate first = {options->certificate_file, options->key_file};
        size_t count = 1 + options->more_count;
        struct contents *contents = memory_zalloc(sizeof *contents + count * sizeof contents->identities[0]);
        int rc = 0;

        if (!contents)
                return -ENOMEM;
        contents->count = count;
        contents->mark = context->mark;
        ERR_clear_error();
        if (context->verifies)
                rc = make_mark(&contents->mark);
        for (size_t i = 0; rc == 0 && i < count; i++)
                rc = identity_create(context, i ? &options->more[i - 1] : &first, &contents->mark,
                                     &contents->identities[i]);
        ERR_clear_error();
        if (rc < 0)
                free_contents(contents);
        else
                *made = contents;
        return rc;
}

/** Read all files again, and have what they say count from now on: 0 or an error. */
static int reload(struct tls_context *context)
{
        struct contents *contents, *before;
        int rc = read_contents(context, &contents);

        if (rc < 0)
                return rc;
        pthread_mutex_lock(&context->lock);
        before = context->contents;
        context->contents = contents;
        sessions_forget(&context->sessions); /* they were agreed on by the rules of before */
        pthread_mutex_unlock(&context->lock);
        free_contents(before);
        return 0;
}

int eddy_tls_reload(eddy_tls *tls)
{
        struct tls_context *context = context_of(tls);
        int rc;

        pthread_mutex_lock(&context->reloading);
        rc = reload(context);
        pthread_mutex_unlock(&context->reloading);
        return rc;
}

SSL *context_begin(struct tls_context *context)
{
        SSL *ssl;

        pthread_mutex_lock(&context->lock);
        ssl = SSL_new(context->contents->identities[0]);
        pthread_mutex_unlock(&context->lock);
        return ssl;
}

bool context_keep_session(struct tls_context *context, const SSL *ssl, const char *name, SSL_SESSION *session)
{
        bool is_kept;

        pthread_mutex_lock(&context->lock);
        is_kept = SSL_get_SSL_CTX(ssl) == context->contents->identities[0] &&
                  sessions_keep(&context->sessions, name, session);
        pthread_mutex_unlock(&context->lock);
        return is_kept;
}

/* Its life. */

/** Write the protocols as TLS does: each behind its length. 0 or an error. */
static int write_alpn(struct tls_context *context, const char *const *protocols)
{
        size_t size = 0;

        for (size_t i = 0; protocols && protocols[i]; i++) {
                size_t n = strlen(protocols[i]);
                unsigned char *longer;

                if (n == 0 || n > 255)
                        return eddy_fail(-EINVAL, "a protocol's name has from 1 to 255 bytes, and '%s' has %zu",
                                         protocols[i], n);
                longer = memory_realloc(context->alpn, size + 1 + n);
                if (!longer)
                        return -ENOMEM;
                longer[size] = (unsigned char)n;
                memcpy(longer + size + 1, protocols[i], n);
                size += 1 + n;
                context->alpn = longer;
                context->alpn_size = (unsigned)size;
        }
        return 0;
}

/** Open the file that keys are logged to, which nobody else is to read. 0 or an error. */
static int open_key_log(struct tls_context *context)
{
        const char *path = context->options.key_log_file;

        if (!path)
                return 0;
        context->key_log = sys_open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (context->key_log < 0)
                return eddy_fail(context->key_log, "the key log file '%s': %s", path,
                                 eddy_strerror(context->key_log));
        return 0;
}

static void destroy(struct tls_context *context)
{
        sessions_finish(&context->sessions);
        if (context->base.is_server)
                tickets_finish(&context->tickets);
        free_contents(context->contents);
        options_free(&context->options);
        memory_free(context->alpn);
        if (context->key_log >= 0)
                sys_close(context->key_log);
        pthread_mutex_destroy(&context->reloading);
        pthread_mutex_destroy(&context->lock);
        memory_free(context);
}

eddy_tls *eddy_tls_ref(eddy_tls *tls)
{
        atomic_fetch_add(&context_of(tls)->references, 1);
        return tls;
}

void eddy_tls_unref(eddy_tls *tls)
{
        if (tls && atomic_fetch_sub(&context_of(tls)->references, 1) == 1)
                destroy(context_of(tls));
}

static eddy_duration handshake_timeout(const eddy_tls *tls)
{
        return context_of((eddy_tls *)(uintptr_t)tls)->options.handshake_timeout;
}

static const struct tls_impl impl = {
    .filter = &tls_filter,
    .open = connection_open,
    .handshake_timeout = handshake_timeout,
    .tell = connection_tell,
    .ref = eddy_tls_ref,
    .unref = eddy_tls_unref,
};

/** A context without contents; NULL without memory. */
static struct tls_context *make(const eddy_tls_options *options, bool is_server)
{
        struct tls_context *context = memory_zalloc(sizeof *context);
        int rc;

        if (!context)
                return NULL;
        context->base.impl = &impl;
        context->references = 1;
        context->base.is_server = is_server;
        context->verifies = options_verify(options, is_server);
        context->options = *options;
        context->options.alpn = NULL; /* it is kept in another form */
        context->key_log = -1;
        sessions_init(&context->sessions);
        pthread_mutex_init(&context->reloading, NULL);
        pthread_mutex_init(&context->lock, NULL);
        rc = is_server ? tickets_init(&context->tickets) : 0;
        if (options_copy(&context->options) == 0 && rc == 0 && make_mark(&context->mark) == 0)
                return context;
        destroy(context);
        return NULL;
}

static int create(eddy_tls **tls, const eddy_tls_options *options, bool is_server)
{
        static const eddy_tls_options defaults;
        struct tls_context *context;
        int rc;

        *tls = NULL;
        if (!options)
                options = &defaults;
        rc = options_check(options, is_server);
        if (rc < 0)
                return rc;
        context = make(options, is_server);
        if (!context)
                return -ENOMEM;
        rc = connection_prepare();
        if (rc == 0)
                rc = write_alpn(context, options->alpn);
        if (rc == 0)
                rc = open_key_log(context);
        if (rc == 0)
                rc = read_contents(context, &context->contents);
        if (rc < 0)
                destroy(context);
        else
                *tls = &context->base;
        return rc;
}

int eddy_tls_create_client(eddy_tls **tls, const eddy_tls_options *options)
{
        return create(tls, options, false);
}

int eddy_tls_create_server(eddy_tls **tls, const eddy_tls_options *options)
{
        return create(tls, options, true);
}
