/* Certificates of the tests' own, in files: of a root that is trusted where a test says so, and of everything that may be wrong. */
#ifndef TESTS_TLS_CERTIFICATES_H
#define TESTS_TLS_CERTIFICATES_H

#include "../stream/helpers.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <time.h>

/** A certificate with its key, and the file that has both. */
struct issued {
        X509 *certificate;
        EVP_PKEY *key;
        char path[128];
};

/** What is to be issued. Zero is the default of each. */
struct wish {
        const char *name;    /* its common name; NULL: "example.org" */
        const char *names;   /* its subjectAltName, as OpenSSL writes that, "": none; NULL: "DNS:example.org" */
        const char *purpose; /* its extendedKeyUsage, likewise; NULL: any */
        const struct issued *issuer; /* NULL: itself */
        bool is_issuer;              /* of others */
        int from_day, until_day;     /* from today; 0 and 0: from yesterday until tomorrow */
        bool is_weak;                /* its key is short */
        bool is_rsa;
        bool is_alone; /* its file has not its issuer's */
};

static char certificate_folder[] = "/tmp/eddy-tls-XXXXXX";

static inline void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
        X509V3_CTX context;
        X509_EXTENSION *extension;

        X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
        extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
        X509_EXTENSION_free(extension);
}

/** A file of the tests', which is not there yet: its path. */
static inline void new_path(char path[128])
{
        static int count;

        if (count == 0)
                assert_non_null(mkdtemp(certificate_folder));
        snprintf(path, 128, "%s/%d.pem", certificate_folder, count++);
}

static inline FILE *new_file(char path[128])
{
        FILE *file;

        new_path(path);
        file = fopen(path, "w");
        assert_non_null(file);
        return file;
}

static inline void write_issued(struct issued *issued, const struct issued *issuer)
{
        FILE *file = new_file(issued->path);

        assert_int_equal(PEM_write_X509(file, issued->certificate), 1);
        for (; issuer; issuer = NULL)
                assert_int_equal(PEM_write_X509(file, issuer->certificate), 1);
        assert_int_equal(PEM_write_PrivateKey(file, issued->key, NULL, NULL, 0, NULL, NULL), 1);
        fclose(file);
}

/** Issue one, whose file also has its issuer's. */
static inline struct issued issue(const struct wish *wish)
{
        static long serial = 1;
        struct issued issued = {.certificate = X509_new()};
        X509 *certificate = issued.certificate;
        X509 *issuer = wish->issuer ? wish->issuer->certificate : certificate;
        X509_NAME *name = X509_get_subject_name(certificate);
        const char *text = wish->name ? wish->name : "example.org";

        issued.key =
            wish->is_weak || wish->is_rsa ? EVP_RSA_gen(wish->is_weak ? 1024u : 2048u) : EVP_EC_gen("P-256");
        assert_non_null(issued.key);
        X509_set_version(certificate, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
        X509_time_adj_ex(X509_getm_notBefore(certificate), wish->from_day ? wish->from_day : -1, 0, NULL);
        X509_time_adj_ex(X509_getm_notAfter(certificate), wish->until_day ? wish->until_day : 1, 0, NULL);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0);
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
        X509_set_pubkey(certificate, issued.key);
        add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
        add_extension(certificate, issuer, NID_basic_constraints,
                      wish->is_issuer ? "critical,CA:TRUE" : "CA:FALSE");
        if (wish->issuer)
                add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
        if (wish->is_issuer)
                add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
        if (!wish->is_issuer && !(wish->names && !*wish->names))
                add_extension(certificate, issuer, NID_subject_alt_name,
                              wish->names ? wish->names : "DNS:example.org");
        if (wish->purpose)
                add_extension(certificate, issuer, NID_ext_key_usage, wish->purpose);
        assert_true(X509_sign(certificate, wish->issuer ? wish->issuer->key : issued.key, EVP_sha256()) > 0);
        write_issued(&issued, wish->is_alone ? NULL : wish->issuer);
        return issued;
}

/** Write the list of the one certificate that an issuer has revoked, or of none.
 *
 * @param until_day  when the list expires, from today
 * @param path       receives the file; or says to which one it is added
 */
static inline void write_revoked(const struct issued *issuer, const struct issued *revoked, int until_day,
                                 char path[128])
{
        X509_CRL *list = X509_CRL_new();
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_TIME *time = ASN1_TIME_new();
        FILE *file = *path ? fopen(path, "a") : new_file(path);

        X509_CRL_set_version(list, X509_CRL_VERSION_2);
        X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer->certificate));
        X509_time_adj_ex(time, -2, 0, NULL);
        X509_CRL_set1_lastUpdate(list, time);
        X509_REVOKED_set_revocationDate(entry, time);
        X509_time_adj_ex(time, until_day, 0, NULL);
        X509_CRL_set1_nextUpdate(list, time);
        if (revoked) {
                X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->certificate));
                X509_CRL_add0_revoked(list, entry);
        } else {
                X509_REVOKED_free(entry);
        }
        assert_true(X509_CRL_sign(list, issuer->key, EVP_sha256()) > 0);
        assert_int_equal(PEM_write_X509_CRL(file, list), 1);
        fclose(file);
        ASN1_TIME_free(time);
        X509_CRL_free(list);
}

static inline void forget_issued(struct issued *issued)
{
        X509_free(issued->certificate);
        EVP_PKEY_free(issued->key);
        remove(issued->path);
        rmdir(certificate_folder);
}

#endif
