#include "tls/options.h"

#include "base/memory.h"
#include <eddy/error.h>

bool options_verify(const eddy_tls_options *options, bool is_server)
{
        if (options->verify == EDDY_TLS_VERIFY_DEFAULT)
                return !is_server;
        return options->verify != EDDY_TLS_VERIFY_INSECURE;
}

int options_check(const eddy_tls_options *options, bool is_server)
{
        if (options->lowest && options->highest && options->lowest > options->highest)
                return eddy_fail(-EINVAL, "the lowest version of TLS is above the highest");
        if (options->key_file && !options->certificate_file)
                return eddy_fail(-EINVAL, "there is a key, and no certificate that it is of");
        for (size_t i = 0; i < options->more_count; i++)
                if (!options->more[i].file)
                        return eddy_fail(-EINVAL, "one of more certificates has no file");
        if (!is_server)
                return 0;
        if (!options->certificate_file && !options->choose)
                return eddy_fail(-EINVAL, "a server needs a certificate");
        if (options->verify == EDDY_TLS_VERIFY_DEFAULT &&
            (options->ca_file || options->ca_directory || options->crl_file))
                return eddy_fail(-EINVAL,
                                 "whom to trust is said, and not that clients have to show a certificate: "
                                 "say verify");
        /* Who the system trusts says whose a web server is, not who may come in. */
        if (options_verify(options, true) && !options->ca_file && !options->ca_directory)
                return eddy_fail(-EINVAL, "whose certificates are to be taken from clients is not said");
        return 0;
}

/** Every text of its own: how many. */
static size_t list_texts(eddy_tls_options *options, const char **texts[static 7])
{
        texts[0] = &options->certificate_file;
        texts[1] = &options->key_file;
        texts[2] = &options->ca_file;
        texts[3] = &options->ca_directory;
        texts[4] = &options->crl_file;
        texts[5] = &options->ciphers;
        texts[6] = &options->key_log_file;
        return 7;
}

static int copy_more(eddy_tls_options *options)
{
        eddy_tls_certificate *more = NULL;
        size_t count = options->more_count;
        int rc = 0;

        if (count > 0)
                more = memory_alloc(count * sizeof *more);
        if (count > 0 && !more)
                rc = -ENOMEM;
        if (more)
                memcpy(more, options->more, count * sizeof *more);
        options->more = more;
        options->more_count = more ? count : 0;
        for (size_t i = 0; i < options->more_count; i++)
                if ((memory_copy_text(&more[i].file) | memory_copy_text(&more[i].key_file)) < 0)
                        rc = -ENOMEM;
        return rc;
}

int options_copy(eddy_tls_options *options)
{
        const char **texts[7];
        size_t count = list_texts(options, texts);
        int rc = copy_more(options);

        for (size_t i = 0; i < count; i++)
                if (memory_copy_text(texts[i]) < 0)
                        rc = -ENOMEM;
        if (options->handshake_timeout == 0)
                options->handshake_timeout = eddy_seconds(60);
        if (options->shutdown_timeout == 0)
                options->shutdown_timeout = eddy_seconds(5);
        return rc;
}

void options_free(eddy_tls_options *options)
{
        const char **texts[7];
        size_t count = list_texts(options, texts);

        for (size_t i = 0; i < count; i++)
                memory_free_text(*texts[i]);
        for (size_t i = 0; i < options->more_count; i++) {
                memory_free_text(options->more[i].file);
                memory_free_text(options->more[i].key_file);
        }
        memory_free((void *)(uintptr_t)options->more);
}
