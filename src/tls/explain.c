/* Why OpenSSL has failed, as a sentence that says what to do about it. */
#include "tls/connection.h"

#include "base/memory.h"
#include <ctype.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>

enum { NAME_SIZE = 256 };

int connection_fail(struct tls_connection *connection, int rc, const char *format, ...)
{
        char text[1024];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        memory_free(connection->why);
        connection->why = memory_strdup(text);
        return rc;
}

/* Certificates. */

static void common_name(const X509_NAME *of, char name[NAME_SIZE])
{
        if (X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)of, NID_commonName, name, NAME_SIZE) <= 0)
                X509_NAME_oneline(of, name, NAME_SIZE);
}

/** What a certificate is for: the first host that it names, or whom. */
static void subject_of(const X509 *certificate, char name[NAME_SIZE])
{
        GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

        common_name(X509_get_subject_name(certificate), name);
        for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
                const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);

                if (one->type != GEN_DNS)
                        continue;
                snprintf(name, NAME_SIZE, "%.*s", ASN1_STRING_length(one->d.dNSName),
                         (const char *)ASN1_STRING_get0_data(one->d.dNSName));
                break;
        }
        GENERAL_NAMES_free(names);
}

static void date_of(const ASN1_TIME *time, char date[64])
{
        static const char *const months[] = {"January",   "February", "March",    "April",
                                             "May",       "June",     "July",     "August",
                                             "September", "October",  "November", "December"};
        struct tm tm;

        if (ASN1_TIME_to_tm(time, &tm) == 1)
                snprintf(date, 64, "%d %s %d", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900);
        else
                snprintf(date, 64, "a day that is none");
}

void connection_explain_certificate(struct tls_connection *connection, X509_STORE_CTX *verifying)
{
        const X509 *certificate = X509_STORE_CTX_get_current_cert(verifying);
        int problem = X509_STORE_CTX_get_error(verifying);
        char name[NAME_SIZE] = "the peer", issuer[NAME_SIZE] = "?", date[64];
        const int rc = EDDY_ECERTIFICATE;

        if (certificate) {
                subject_of(certificate, name);
                common_name(X509_get_issuer_name(certificate), issuer);
        }
        switch (problem) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
                date_of(X509_get0_notAfter(certificate), date);
                connection_fail(connection, rc, "the certificate of %s expired on %s", name, date);
                break;
        case X509_V_ERR_CERT_NOT_YET_VALID:
                date_of(X509_get0_notBefore(certificate), date);
                connection_fail(connection, rc, "the certificate of %s is not valid before %s", name, date);
                break;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
                connection_fail(connection, rc, "the certificate is for %s, not for %s", name,
                                connection->name ? connection->name : "this host");
                break;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
                connection_fail(
                    connection, rc,
                    "the certificate of %s is signed by itself, and not among those that are trusted", name);
                break;
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
                connection_fail(connection, rc, "the certificate of %s leads to a root that is not trusted",
                                name);
                break;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
                connection_fail(connection, rc,
                                "the certificate of %s was issued by '%s', which is not trusted; or a "
                                "certificate between it and a root is missing",
                                name, issuer);
                break;
        case X509_V_ERR_CERT_REVOKED:
                connection_fail(connection, rc, "the certificate of %s was revoked", name);
                break;
        case X509_V_ERR_EE_KEY_TOO_SMALL:
                connection_fail(connection, rc, "the key of the certificate of %s is too weak", name);
                break;
        default:
                connection_fail(connection, rc, "the certificate of %s is not to be trusted: %s", name,
                                X509_verify_cert_error_string(problem));
        }
}

/* What is no TLS, and what the peer says of us. */

/** What came first, as far as it can be printed. */
static int explain_no_tls(struct tls_connection *connection)
{
        char text[TLS_FIRST_BYTES + 1];
        size_t n = 0;

        while (n < connection->first_size && isprint((unsigned char)connection->first[n]))
                n++;
        snprintf(text, sizeof text, "%.*s", (int)n, connection->first);
        if (n == 0)
                return connection_fail(connection, EDDY_ETLS, "the peer speaks no TLS: it sent what is none");
        return connection_fail(connection, EDDY_ETLS, "the peer speaks no TLS: it sent '%s'", text);
}

static const char *meaning_of(int reason)
{
        switch (reason) {
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
                return "a certificate of the client is wanted, and it has shown none";
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
                return "the peer agrees to none of what was offered, or wants a client certificate";
        case SSL_R_NO_SHARED_CIPHER:
                return "the peer offers no cipher that is safe enough";
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
                return "the peer does not trust who issued this side's certificate";
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
                return "the peer does not accept this side's certificate";
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
                return "the peer says that this side's certificate has expired";
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
                return "the peer says that this side's certificate was revoked";
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
                return "both sides have no version of TLS in common";
        case SSL_R_NO_APPLICATION_PROTOCOL:
        case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
                return "both sides have no protocol (ALPN) in common";
        case SSL_R_TLSV1_UNRECOGNIZED_NAME:
                return "the peer knows no host of this name";
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        case SSL_R_BAD_RECORD_TYPE:
                return "what came was changed on its way, or is no TLS";
        default:
                return NULL;
        }
}

static bool is_no_tls(int reason)
{
        switch (reason) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_UNKNOWN_PROTOCOL:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
        case SSL_R_BAD_RECORD_TYPE:
        case SSL_R_UNEXPECTED_MESSAGE:
                return true;
        default:
                return false;
        }
}

int connection_explain(struct tls_connection *connection)
{
        unsigned long error = ERR_peek_error();
        int reason = ERR_GET_REASON(error);
        const char *meaning = meaning_of(reason), *words = ERR_reason_error_string(error);

        ERR_clear_error();
        if (error == 0 || reason == ERR_R_MALLOC_FAILURE) /* the former from who writes for it */
                return -ENOMEM;
        if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
                return EDDY_ECERTIFICATE; /* which the sentence is kept on already */
        if (connection->is_greeting && connection->first[0] != 22 && connection->first[0] != 21 &&
            is_no_tls(reason))
                return explain_no_tls(connection);
        if (meaning)
                return connection_fail(connection, EDDY_ETLS, "%s", meaning);
        return connection_fail(connection, EDDY_ETLS, "TLS has failed: %s", words ? words : "nothing says why");
}
