#include "tls/files.h"

#include "base/sys_file.h"
#include "tls/errors.h"
#include <eddy/error.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/** OpenSSL has refused a file: why. */
static int refuse(const char *what, const char *path)
{
        struct tls_errors errors = errors_take(ERR_LIB_NONE);
        const char *words = ERR_reason_error_string(errors.error);
        int library = ERR_GET_LIB(errors.error), reason = ERR_GET_REASON(errors.error);

        if (errors.has_no_memory)
                return -ENOMEM;
        if (errors.system)
                return eddy_fail(-errors.system, "%s '%s': %s", what, path, eddy_strerror(-errors.system));
        if ((library == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE) ||
            (library == ERR_LIB_X509 && reason == X509_R_NO_CERTIFICATE_OR_CRL_FOUND) ||
            (library == ERR_LIB_X509 && reason == X509_R_NO_CRL_FOUND) || library == ERR_LIB_OSSL_DECODER)
                return eddy_fail(-EINVAL, "%s '%s': the file holds none, as PEM", what, path);
        if (library == ERR_LIB_SSL && reason == SSL_R_EE_KEY_TOO_SMALL)
                return eddy_fail(-EINVAL, "%s '%s': its key is too weak", what, path);
        return eddy_fail(-EINVAL, "%s '%s' is not to be used: %s", what, path,
                         words ? words : "nothing says why");
}

/* One's own. */

/** A key's password, which OpenSSL asks for where it is encrypted. */
struct password {
        const eddy_tls_options *options;
        bool is_needed;
        bool is_given;
};

static int give_password(char *text, int size, int is_written, void *arg)
{
        struct password *password = arg;
        const eddy_tls_options *options = password->options;
        int n = options->get_password ? options->get_password(text, size, options->arg) : -1;

        (void)is_written;
        password->is_needed = true;
        password->is_given = n >= 0 && n <= size;
        return password->is_given ? n : -1;
}

static int refuse_key(const struct password *password, const char *key, const char *certificate)
{
        unsigned long error = ERR_peek_last_error();
        int rc;

        if (ERR_GET_LIB(error) == ERR_LIB_X509 && (ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH ||
                                                   ERR_GET_REASON(error) == X509_R_KEY_TYPE_MISMATCH)) {
                ERR_clear_error();
                return eddy_fail(-EINVAL, "the key '%s' does not belong to the certificate '%s'", key,
                                 certificate);
        }
        rc = refuse("the key", key);
        if (rc != -EINVAL || !password->is_needed)
                return rc;
        return eddy_fail(rc,
                         password->is_given ? "the key '%s' is encrypted, and not with the password given"
                                            : "the key '%s' is encrypted, and its password not known",
                         key);
}

int files_load_certificate(SSL_CTX *openssl, const eddy_tls_options *options,
                           const eddy_tls_certificate *certificate)
{
        const char *key = certificate->key_file ? certificate->key_file : certificate->file;
        struct password password = {.options = options};
        const X509 *loaded;
        int is_loaded;

        SSL_CTX_set_default_passwd_cb(openssl, give_password);
        SSL_CTX_set_default_passwd_cb_userdata(openssl, &password);
        if (SSL_CTX_use_certificate_chain_file(openssl, certificate->file) != 1)
                return refuse("the certificate", certificate->file);
        loaded = SSL_CTX_get0_certificate(openssl);
        is_loaded = SSL_CTX_use_PrivateKey_file(openssl, key, SSL_FILETYPE_PEM);
        SSL_CTX_set_default_passwd_cb(openssl, NULL);
        SSL_CTX_set_default_passwd_cb_userdata(openssl, NULL);
        /* A key of another kind is put beside the certificate, and not compared with it. */
        if (is_loaded != 1 || X509_check_private_key(loaded, SSL_CTX_get0_privatekey(openssl)) != 1)
                return refuse_key(&password, key, certificate->file);
        return 0;
}

/* Whom to trust. */

/** Whether a directory is there, which OpenSSL looks into only when somebody's issuer is wanted. */
static int check_directory(const char *path)
{
        int fd = sys_open(path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

        if (fd < 0)
                return eddy_fail(fd, "the directory of issuers '%s': %s", path, eddy_strerror(fd));
        sys_close(fd);
        return 0;
}

/** Tell clients whose certificates are taken. */
static int name_issuers(SSL_CTX *openssl, const char *file)
{
        STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);

        if (!names)
                return refuse("the certificate of an issuer", file);
        SSL_CTX_set_client_CA_list(openssl, names);
        return 0;
}

int files_load_issuers(SSL_CTX *openssl, const eddy_tls_options *options, bool is_server)
{
        int rc = 0;

        /* Who is trusted is so whether or not somebody else has issued his certificate. The store is what a connection takes over that
         * was begun with another context. */
        X509_STORE_set_flags(SSL_CTX_get_cert_store(openssl), X509_V_FLAG_PARTIAL_CHAIN);
        if (!options->ca_file && !options->ca_directory)
                return SSL_CTX_set_default_verify_paths(openssl) == 1 ? 0 : -ENOMEM;
        if (options->ca_file && SSL_CTX_load_verify_file(openssl, options->ca_file) != 1)
                return refuse("the certificate of an issuer", options->ca_file);
        if (options->ca_directory)
                rc = check_directory(options->ca_directory);
        if (rc == 0 && options->ca_directory && SSL_CTX_load_verify_dir(openssl, options->ca_directory) != 1)
                rc = refuse("the directory of issuers", options->ca_directory);
        if (rc == 0 && is_server && options->ca_file)
                rc = name_issuers(openssl, options->ca_file);
        return rc;
}

int files_load_revoked(SSL_CTX *openssl, const char *file)
{
        X509_STORE *store = SSL_CTX_get_cert_store(openssl);
        X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());

        if (!lookup)
                return -ENOMEM;
        if (X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) < 1)
                return refuse("the list of what was revoked", file);
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        return 0;
}
