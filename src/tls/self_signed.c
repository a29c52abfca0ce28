/* A certificate that nobody has issued, for trying things out: made in memory, and gone with its context. */
#include "tls/context.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { DAYS = 365, SERIAL_BYTES = 16, NAME_SIZE = 256 };

static bool add_extension(X509 *certificate, int nid, const char *value)
{
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
        bool is_there = extension && X509_add_ext(certificate, extension, -1) == 1;

        X509_EXTENSION_free(extension);
        return is_there;
}

static bool set_serial(X509 *certificate)
{
        unsigned char bytes[SERIAL_BYTES];
        BIGNUM *number;
        bool is_set;

        if (RAND_bytes(bytes, sizeof bytes) != 1)
                return false;
        bytes[0] = (bytes[0] & 0x7f) | 1; /* it is positive, and has all of its bytes */
        number = BN_bin2bn(bytes, sizeof bytes, NULL);
        is_set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
        BN_free(number);
        return is_set;
}

/** Whether it is a host's name, or an address, which alone has colons. */
static bool is_host(const char *name)
{
        struct in6_addr address;
        size_t size = strlen(name);

        if (strchr(name, ':'))
                return inet_pton(AF_INET6, name, &address) == 1;
        return size > 0 && size < NAME_SIZE &&
               strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == size;
}

/** What it is for: the host, and this machine as itself knows it. */
static bool set_names(X509 *certificate, const char *name)
{
        static const unsigned char common_name[] = "self-signed by eddy";
        X509_NAME *subject = X509_get_subject_name(certificate);
        ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
        char names[NAME_SIZE + 64];

        snprintf(names, sizeof names, "%s:%s,DNS:localhost,IP:127.0.0.1,IP:::1", address ? "IP" : "DNS", name);
        ASN1_OCTET_STRING_free(address);
        return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common_name, -1, -1, 0) == 1 &&
               X509_set_issuer_name(certificate, subject) == 1 &&
               add_extension(certificate, NID_subject_alt_name, names);
}

static bool fill(X509 *certificate, EVP_PKEY *key, const char *name)
{
        return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
               X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, NULL) &&
               X509_time_adj_ex(X509_getm_notAfter(certificate), DAYS, 0, NULL) &&
               set_names(certificate, name) &&
               add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
               add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
               add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
               X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
}

/** Its SHA-256 in pairs of digits with colons between them, as browsers and `openssl x509 -fingerprint` show it. */
static bool print_fingerprint(const X509 *certificate, char fingerprint[EDDY_TLS_FINGERPRINT_SIZE])
{
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size;

        if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1)
                return false;
        for (unsigned i = 0; i < size; i++)
                snprintf(fingerprint + i * 3, 4, i + 1 < size ? "%02X:" : "%02X", digest[i]);
        return true;
}

/** A file that is in memory alone, and has both: its descriptor, or an error. */
static int write_both(const X509 *certificate, const EVP_PKEY *key)
{
        BIO *bio = BIO_new(BIO_s_mem());
        char *bytes;
        int fd = -ENOMEM;

        if (bio && PEM_write_bio_X509(bio, certificate) == 1 &&
            PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
                long size = BIO_get_mem_data(bio, &bytes);

                fd = sys_memfd_create("eddy-tls");
                if (fd >= 0 && sys_pwrite(fd, bytes, (size_t)size, 0) != size) {
                        sys_close(fd);
                        fd = -ENOSPC;
                }
                OPENSSL_cleanse(bytes, (size_t)size);
        }
        BIO_free(bio);
        return fd;
}

/** A context that has read both, and cannot again: 0 or an error. */
static int create_from(eddy_tls **tls, int fd, const eddy_tls_options *given)
{
        eddy_tls_options options = given ? *given : (eddy_tls_options){.certificate_file = NULL};
        char path[64];
        const char **file;
        char *none;
        int rc;

        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        options.certificate_file = path;
        rc = eddy_tls_create_server(tls, &options);
        if (rc < 0)
                return rc;
        none = memory_strdup("(made in memory)");
        if (!none) {
                eddy_tls_unref(*tls);
                *tls = NULL;
                return -ENOMEM;
        }
        file = &context_of(*tls)->options.certificate_file;
        memory_free_text(*file);
        *file = none; /* by then the number is another file's */
        return 0;
}

int eddy_tls_create_self_signed(eddy_tls **tls, const char *name, char fingerprint[EDDY_TLS_FINGERPRINT_SIZE])
{
        return eddy_tls_create_self_signed_with(tls, name, fingerprint, NULL);
}

int eddy_tls_create_self_signed_with(eddy_tls **tls, const char *name,
                                     char fingerprint[EDDY_TLS_FINGERPRINT_SIZE],
                                     const eddy_tls_options *options)
{
        X509 *certificate = NULL;
        EVP_PKEY *key;
        int fd = -ENOMEM, rc;

        *tls = NULL;
        if (!name)
                name = "localhost";
        if (!is_host(name))
                return eddy_fail(-EINVAL, "'%s' is no host name", name);
        if (options && (options->certificate_file || options->key_file))
                return eddy_fail(-EINVAL, "a certificate that is made is not read from a file");
        ERR_clear_error();
        key = EVP_EC_gen("P-256");
        certificate = X509_new();
        if (key && certificate && fill(certificate, key, name) && print_fingerprint(certificate, fingerprint))
                fd = write_both(certificate, key);
        X509_free(certificate);
        EVP_PKEY_free(key);
        ERR_clear_error();
        if (fd < 0)
                return fd;
        rc = create_from(tls, fd, options);
        sys_close(fd);
        return rc;
}
