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
        const char *name;            /* its common name; NULL: "example.org" */
        const char *names;           /* its subjectAltName, as OpenSSL writes that; NULL: "DNS:example.org" */
        const struct issued *issuer; /* NULL: itself */
        bool is_issuer;              /* of others */
        int from_day, until_day;     /* from today; 0 and 0: from yesterday until tomorrow */
        bool is_weak;                /* its key is short */
        bool is_rsa;
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

static inline void write_issued(struct issued *issued, const struct issued *issuer)
{
        static int count;
        FILE *file;

        if (count == 0)
                assert_non_null(mkdtemp(certificate_folder));
        snprintf(issued->path, sizeof issued->path, "%s/%d.pem", certificate_folder, count++);
        file = fopen(issued->path, "w");
        assert_non_null(file);
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
        if (!wish->is_issuer)
                add_extension(certificate, issuer, NID_subject_alt_name,
                              wish->names ? wish->names : "DNS:example.org");
        assert_true(X509_sign(certificate, wish->issuer ? wish->issuer->key : issued.key, EVP_sha256()) > 0);
        write_issued(&issued, wish->issuer);
        return issued;
}

static inline void forget_issued(struct issued *issued)
{
        X509_free(issued->certificate);
        EVP_PKEY_free(issued->key);
        remove(issued->path);
        rmdir(certificate_folder);
}

#endif
