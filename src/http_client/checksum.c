#include "http_client/checksum.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include <eddy/error.h>
#include <eddy/http_client.h>
#include <eddy/thread.h>
#include <eddy/timeout.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PIECE = 256 * 1024 };

static const struct algorithm {
        const char *name;
        const EVP_MD *(*md)(void);
} algorithms[] = {{"sha256", EVP_sha256}, {"sha512", EVP_sha512}, {"sha384", EVP_sha384},
                  {"sha224", EVP_sha224}, {"sha1", EVP_sha1},     {"md5", EVP_md5}};

/** The work of the thread that reads. */
struct reading {
        const struct part *part;
        EVP_MD_CTX *context;
};

static const struct algorithm *find(const char *wish)
{
        for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
                size_t n = strlen(algorithms[i].name);

                if (strncasecmp(wish, algorithms[i].name, n) == 0 && wish[n] == ':')
                        return &algorithms[i];
        }
        return NULL;
}

int checksum_check(const char *wish)
{
        const struct algorithm *algorithm = find(wish);
        const char *digits = strchr(wish, ':');
        size_t n;

        if (!algorithm)
                return eddy_fail(-EINVAL,
                                 "'%.40s' is no checksum such as sha256:0123...; there are sha256, sha512, "
                                 "sha384, sha224, sha1 and md5",
                                 wish);
        n = strspn(++digits, "0123456789abcdefABCDEF");
        if (digits[n] != '\0' || n != 2 * (size_t)EVP_MD_get_size(algorithm->md()))
                return eddy_fail(-EINVAL, "a checksum of %s has %d hexadecimal digits", algorithm->name,
                                 2 * EVP_MD_get_size(algorithm->md()));
        return 0;
}

/* On a thread of its own: the file is known by its descriptor, and whoever waits for this does not close it. */
static intptr_t read_file(void *arg)
{
        const struct reading *reading = arg;
        char *piece = memory_alloc(PIECE);
        int64_t at = 0;
        ssize_t n = piece ? 0 : -ENOMEM;

        while (n >= 0 && at < reading->part->size && !eddy_work_cancelled()) {
                n = sys_pread(reading->part->fd, piece, PIECE, at);
                if (n == -EINTR)
                        n = 0;
                else if (n == 0)
                        n = -EIO; /* somebody has cut it */
                if (n > 0 && EVP_DigestUpdate(reading->context, piece, (size_t)n) != 1)
                        n = -ENOMEM;
                if (n > 0)
                        at += n;
        }
        memory_free(piece);
        return n < 0 ? n : 0;
}

static int digest(struct reading *reading)
{
        const struct part *part = reading->part;
        int rc = 0;

        if (part->fd < 0)
                return part->size == 0 ||
                               EVP_DigestUpdate(reading->context, part->memory, (size_t)part->size) == 1
                           ? 0
                           : -ENOMEM;
        EDDY_SHIELD_SCOPE
                rc = eddy_to_thread(read_file, reading, NULL);
        return rc < 0 ? rc : eddy_interrupted();
}

static int compare(EVP_MD_CTX *context, const char *wish)
{
        unsigned char sum[EVP_MAX_MD_SIZE];
        char text[2 * EVP_MAX_MD_SIZE + 1] = "";
        const char *digits = strchr(wish, ':') + 1;
        unsigned n = 0;

        if (EVP_DigestFinal_ex(context, sum, &n) != 1)
                return -ENOMEM;
        for (unsigned i = 0; i < n; i++)
                snprintf(text + 2 * i, 3, "%02x", sum[i]);
        if (strcasecmp(text, digits) == 0)
                return 0;
        return eddy_fail(EDDY_ECHECKSUM, "its checksum is %.*s:%s, and not %s", (int)(digits - 1 - wish), wish,
                         text, digits);
}

int checksum_verify(const char *wish, const struct part *part)
{
        struct reading reading = {.part = part, .context = EVP_MD_CTX_new()};
        int rc =
            reading.context && EVP_DigestInit_ex(reading.context, find(wish)->md(), NULL) == 1 ? 0 : -ENOMEM;

        if (rc == 0)
                rc = digest(&reading);
        if (rc == 0)
                rc = compare(reading.context, wish);
        EVP_MD_CTX_free(reading.context);
        return rc;
}
