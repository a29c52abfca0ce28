/* Why OpenSSL has failed, as a sentence that says what to do about it. */
#include "tls/connection.h"

#include "base/memory.h"
#include "tls/errors.h"
#include <arpa/inet.h>
#include <ctype.h>
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
        for (char *c = text; *c; c++) /* some of it is what strangers have sent */
                if (iscntrl((unsigned char)*c))
                        *c = '?';
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

/** Write a host's name, which may have bytes in it that end a text. */
static void write_name(const ASN1_STRING *of, char name[NAME_SIZE])
{
        size_t n = (size_t)ASN1_STRING_length(of);

        if (n > NAME_SIZE - 1)
                n = NAME_SIZE - 1;
        memcpy(name, ASN1_STRING_get0_data(of), n);
        name[n] = '\0';
        for (char *nul = name; (nul = memchr(nul, '\0', (size_t)(name + n - nul)));)
                *nul = '?';
}

/** Write the host or address of a subjectAltName: whether it is one of these. */
static bool write_host(const GENERAL_NAME *of, char name[NAME_SIZE])
{
        const unsigned char *bytes;
        int size;

        if (of->type == GEN_DNS) {
                write_name(of->d.dNSName, name);
                return true;
        }
        if (of->type != GEN_IPADD)
                return false;
        bytes = ASN1_STRING_get0_data(of->d.iPAddress);
        size = ASN1_STRING_length(of->d.iPAddress);
        return (size == 4 || size == 16) && inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, name, NAME_SIZE);
}

/** What a certificate is for, the first host that it names: whether there is one. Else whose it is. */
static bool subject_of(const X509 *certificate, char name[NAME_SIZE])
{
        GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
        bool has_host = false;

        for (int i = 0; !has_host && i < sk_GENERAL_NAME_num(names); i++)
                has_host = write_host(sk_GENERAL_NAME_value(names, i), name);
        GENERAL_NAMES_free(names);
        if (!has_host)
                common_name(X509_get_subject_name(certificate), name);
        return has_host;
}

static void write_day(char text[2 * NAME_SIZE], const char *words, const ASN1_TIME *time)
{
        static const char *const months[] = {"January",   "February", "March",    "April",
                                             "May",       "June",     "July",     "August",
                                             "September", "October",  "November", "December"};
        struct tm tm;

        if (ASN1_TIME_to_tm(time, &tm) == 1)
                snprintf(text, 2 * NAME_SIZE, "%s %d %s %d", words, tm.tm_mday, months[tm.tm_mon],
                         tm.tm_year + 1900);
        else
                snprintf(text, 2 * NAME_SIZE, "%s a day that is none", words);
}

/** What is wrong with a certificate; NULL: that takes more words. */
static const char *say_problem(int problem)
{
        switch (problem) {
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
                return "is signed by itself, and not among those that are trusted";
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
                return "leads to a root that is not trusted";
        case X509_V_ERR_CERT_REVOKED:
                return "was revoked";
        case X509_V_ERR_EE_KEY_TOO_SMALL:
        case X509_V_ERR_CA_KEY_TOO_SMALL:
                return "has a key that is too weak";
        case X509_V_ERR_CA_MD_TOO_WEAK:
                return "has a signature that is too weak";
        case X509_V_ERR_INVALID_PURPOSE:
        case X509_V_ERR_CERT_REJECTED:
                return "is for another purpose than this";
        case X509_V_ERR_INVALID_CA:
                return "may not issue others, and has issued one";
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
                return "was not signed by who it says has issued it";
        default:
                return NULL;
        }
}

/** What is wrong with who issued a certificate, or with what he says of it; NULL: something else. The sentence goes on with his name. */
static const char *say_problem_of_issuer(int problem)
{
        switch (problem) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
                return "was issued by '%s', which is not trusted; or a certificate between it and a root is "
                       "missing";
        case X509_V_ERR_UNABLE_TO_GET_CRL:
                return "was issued by '%s', and what that has revoked is not known";
        case X509_V_ERR_CRL_HAS_EXPIRED:
                return "was issued by '%s', and the list of what that has revoked has expired";
        case X509_V_ERR_CRL_NOT_YET_VALID:
                return "was issued by '%s', and the list of what that has revoked is not valid yet";
        default:
                return NULL;
        }
}

/** It is for another host, or for none. */
static void explain_host(struct tls_connection *connection, bool has_host, const char *name)
{
        if (has_host)
                connection_fail(connection, EDDY_ECERTIFICATE, "the certificate is for %s, not for %s", name,
                                connection->name);
        else
                connection_fail(connection, EDDY_ECERTIFICATE,
                                "the certificate of %s says in no subjectAltName that it is for %s", name,
                                connection->name);
}

void connection_explain_certificate(struct tls_connection *connection, X509_STORE_CTX *verifying)
{
        const X509 *certificate = X509_STORE_CTX_get_current_cert(verifying);
        int problem = X509_STORE_CTX_get_error(verifying);
        const char *words = say_problem(problem), *words_of_issuer = say_problem_of_issuer(problem);
        char name[NAME_SIZE] = "the peer", text[2 * NAME_SIZE] = "";
        bool has_host = certificate && subject_of(certificate, name);

        if (problem == X509_V_ERR_HOSTNAME_MISMATCH || problem == X509_V_ERR_IP_ADDRESS_MISMATCH) {
                explain_host(connection, has_host, name);
                return;
        }
        if (words) {
                snprintf(text, sizeof text, "%s", words);
        } else if (certificate && words_of_issuer) {
                char issuer[NAME_SIZE];

                common_name(X509_get_issuer_name(certificate), issuer);
                snprintf(text, sizeof text, words_of_issuer, issuer);
        } else if (certificate && problem == X509_V_ERR_CERT_HAS_EXPIRED) {
                write_day(text, "expired on", X509_get0_notAfter(certificate));
        } else if (certificate && problem == X509_V_ERR_CERT_NOT_YET_VALID) {
                write_day(text, "is not valid before", X509_get0_notBefore(certificate));
        } else {
                snprintf(text, sizeof text, "is not to be trusted: %s", X509_verify_cert_error_string(problem));
        }
        connection_fail(connection, EDDY_ECERTIFICATE, "the certificate of %s %s", name, text);
}

/* What is no TLS, and what the peer says of us. */

bool connection_speaks_tls(struct tls_connection *connection)
{
        enum { ALERT = 21, HANDSHAKE = 22 };
        char text[TLS_FIRST_BYTES + 1];
        size_t n = 0;

        if (!connection->is_greeting || connection->first_size == 0 || connection->first[0] == ALERT ||
            connection->first[0] == HANDSHAKE)
                return true;
        while (n < connection->first_size && isprint((unsigned char)connection->first[n]))
                n++;
        snprintf(text, sizeof text, "%.*s", (int)n, connection->first);
        if (n == 0)
                connection_fail(connection, EDDY_ETLS, "the peer speaks no TLS: it sent what is none");
        else
                connection_fail(connection, EDDY_ETLS, "the peer speaks no TLS: it sent '%s'", text);
        return false;
}

static const char *meaning_of(const struct tls_connection *connection, int reason)
{
        switch (reason) {
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
                return connection->is_asked_for_certificate ? "the peer wants a client certificate"
                       : connection->has_agreed             ? "the peer does not agree to go on"
                                                            : "the peer agrees to none of what was offered";
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
                return "the peer wants a client certificate";
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
                return "the client has shown no certificate, and one is wanted";
        case SSL_R_NO_SHARED_CIPHER:
                return "both sides have no cipher in common";
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
                return "the peer does not trust who issued this side's certificate";
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
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
        case SSL_R_TLSV1_ALERT_INTERNAL_ERROR:
                return "the peer has failed by itself";
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        case SSL_R_BAD_RECORD_TYPE:
        case SSL_R_WRONG_VERSION_NUMBER:
                return "what came was changed on its way, or is no TLS";
        default:
                return NULL;
        }
}

int connection_explain(struct tls_connection *connection)
{
        struct tls_errors errors = errors_take(ERR_LIB_SSL);
        int reason = ERR_GET_LIB(errors.error) == ERR_LIB_SSL ? ERR_GET_REASON(errors.error) : 0;
        const char *meaning = meaning_of(connection, reason);
        const char *words = ERR_reason_error_string(errors.error);

        if (errors.has_no_memory)
                return -ENOMEM;
        /* Of what has failed in our own functions there is a sentence, or there was no memory. */
        if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
                return connection->why ? EDDY_ECERTIFICATE : -ENOMEM;
        if (reason == SSL_R_CALLBACK_FAILED)
                return connection->why ? EDDY_ETLS : -ENOMEM;
        if (!connection_speaks_tls(connection))
                return EDDY_ETLS;
        return connection_fail(connection, EDDY_ETLS, meaning ? "%s" : "TLS has failed: %s",
                               meaning ? meaning
                               : words ? words
                                       : "nothing says why");
}
