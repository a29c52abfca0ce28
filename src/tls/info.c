/* What both sides have agreed on. */
#include "base/memory.h"
#include "tls/connection.h"
#include <openssl/err.h>
#include <openssl/x509.h>

/** A name in one line that nothing in it can make look like another one's; NULL without memory. */
static char *write_name(const X509_NAME *name)
{
        BIO *memory = BIO_new(BIO_s_mem());
        char *text = NULL, *bytes;
        long size;

        if (memory && X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
                size = BIO_get_mem_data(memory, &bytes);
                text = memory_zalloc((size_t)size + 1);
                if (text && size > 0)
                        memcpy(text, bytes, (size_t)size);
        }
        BIO_free(memory);
        return text;
}

static void tell_certificate(struct tls_connection *connection, eddy_tls_info *info)
{
        X509 *certificate = SSL_get0_peer_certificate(connection->ssl);
        int size;

        if (!certificate)
                return;
        if (!connection->subject)
                connection->subject = write_name(X509_get_subject_name(certificate));
        if (!connection->issuer)
                connection->issuer = write_name(X509_get_issuer_name(certificate));
        size = i2d_X509(certificate, connection->certificate ? NULL : &connection->certificate);
        info->subject = connection->subject;
        info->issuer = connection->issuer;
        info->certificate = connection->certificate;
        info->certificate_size = connection->certificate && size > 0 ? (size_t)size : 0;
}

static void tell_alpn(struct tls_connection *connection, eddy_tls_info *info)
{
        const unsigned char *alpn;
        unsigned size;

        SSL_get0_alpn_selected(connection->ssl, &alpn, &size);
        if (size > 0 && !connection->alpn) {
                connection->alpn = memory_zalloc(size + 1);
                if (connection->alpn)
                        memcpy(connection->alpn, alpn, size);
        }
        info->alpn = connection->alpn;
}

bool connection_tell(void *self, eddy_tls_info *info)
{
        struct tls_connection *connection = self;

        if (!connection->has_agreed)
                return false;
        *info = (eddy_tls_info){
            .version = SSL_get_version(connection->ssl),
            .cipher = SSL_get_cipher_name(connection->ssl),
            .name = connection->name,
            .is_resumed = SSL_session_reused(connection->ssl),
        };
        tell_alpn(connection, info);
        tell_certificate(connection, info);
        ERR_clear_error();
        return true;
}
