/*
 * Sessions that the server need not remember: a cookie says who one is, and until when, and is signed, so that nobody else can
 * write one:
 *
 *         EXPIRES.NONCE.NAME.SIGNATURE        each in hexadecimal digits
 *
 * Signing in begins a new one, so a session that somebody foisted on a browser before that is worth nothing.
 */
#include "site.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAYS = 7, NONCE_SIZE = 16, MAC_SIZE = 32, COOKIE_MAX = 256 };

static eddy_context_var current = EDDY_CONTEXT_VAR("session", NULL);

const struct session *session(void)
{
        return (const struct session *)eddy_context_get(&current);
}

bool session_has_token(const char *given)
{
        const char *token = session()->token;
        return given && eddy_http_secret_equal(given, strlen(given), token, strlen(token));
}

/* From SITE_KEY, for several sites that share it; else from a file that is made at the first start, for this user's eyes alone. A
 * new key ends all sessions. */
int session_load_key(struct site *site)
{
        char path[1024];
        const char *given = getenv("SITE_KEY");
        if (given)
                return text_from_hex(site->key, KEY_SIZE, given, strlen(given)) == KEY_SIZE
                           ? 0
                           : eddy_fail(-EINVAL, "SITE_KEY has to have %d hexadecimal digits", 2 * KEY_SIZE);
        snprintf(path, sizeof path, "%s/key", site->data);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0) {
                bool is_made = RAND_bytes(site->key, KEY_SIZE) == 1 &&
                               write(fd, site->key, KEY_SIZE) == KEY_SIZE && fsync(fd) == 0;
                close(fd);
                if (!is_made)
                        unlink(path);
                return is_made ? 0 : eddy_fail(-EIO, "%s cannot be written", path);
        }
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return eddy_fail(-errno, "%s: %s", path, eddy_strerror(-errno));
        ssize_t n = read(fd, site->key, KEY_SIZE);
        close(fd);
        return n == KEY_SIZE ? 0 : eddy_fail(-EINVAL, "%s is no key of %d bytes", path, KEY_SIZE);
}

/* A text's HMAC-SHA256. What it is for goes in as well, so that a token is never a cookie's signature. */
static void sign(const struct site *site, const char *purpose, const char *text, size_t n, char mac[TOKEN_SIZE])
{
        unsigned char bytes[MAC_SIZE];
        char whole[COOKIE_MAX + 16];
        int size = snprintf(whole, sizeof whole, "%s:%.*s", purpose, (int)n, text);
        HMAC(EVP_sha256(), site->key, KEY_SIZE, (unsigned char *)whole, (size_t)size, bytes, NULL);
        text_to_hex(mac, bytes, sizeof bytes);
}

/* What a name's cookie is, from now on. */
static int write_cookie(const struct site *site, const char *name, char cookie[COOKIE_MAX])
{
        unsigned char nonce[NONCE_SIZE];
        char nonce_hex[2 * NONCE_SIZE + 1], name_hex[2 * NAME_MAX_BYTES + 1], mac[TOKEN_SIZE];
        if (RAND_bytes(nonce, sizeof nonce) != 1)
                return eddy_fail(-EIO, "OpenSSL has no random bytes");
        text_to_hex(nonce_hex, nonce, sizeof nonce);
        text_to_hex(name_hex, (const unsigned char *)name, strlen(name));
        int n = snprintf(cookie, COOKIE_MAX, "%llx.%s.%s", (long long)time(NULL) + DAYS * 86400LL, nonce_hex,
                         name_hex);
        sign(site, "cookie", cookie, (size_t)n, mac);
        snprintf(cookie + n, COOKIE_MAX - (size_t)n, ".%s", mac);
        return 0;
}

/* The session that a cookie is: false where it is none of ours, or over. */
static bool read_cookie(const struct site *site, const char *cookie, struct session *found)
{
        const char *signature = strrchr(cookie, '.');
        char mac[TOKEN_SIZE];
        if (!signature)
                return false;
        sign(site, "cookie", cookie, (size_t)(signature - cookie), mac);
        if (!eddy_http_secret_equal(signature + 1, strlen(signature + 1), mac, strlen(mac)))
                return false;
        /* What is behind this line was written by write_cookie(). */
        char *at;
        if (strtoll(cookie, &at, 16) <= time(NULL))
                return false;
        const char *name = at + 1 + 2 * NONCE_SIZE + 1;
        int n = text_from_hex((unsigned char *)found->name, NAME_MAX_BYTES, name, (size_t)(signature - name));
        if (n < 0)
                return false;
        found->name[n] = '\0';
        sign(site, "token", cookie, strlen(cookie), found->token);
        return true;
}

/* "__Host-" has browsers refuse it from another host of the domain; they take that by HTTPS only. */
static const char *cookie_name(const struct site *site)
{
        return site->is_secure ? "__Host-session" : "session";
}

static int set_cookie(eddy_http_exchange *exchange, const struct site *site, const char *value)
{
        char line[EDDY_HTTP_COOKIE_SIZE];
        const eddy_http_cookie cookie = {.name = cookie_name(site),
                                         .value = value,
                                         .path = "/",
                                         .max_age = eddy_seconds(DAYS * 86400),
                                         .same_site = EDDY_HTTP_SAME_SITE_LAX,
                                         .secure = site->is_secure,
                                         .http_only = true};
        ssize_t n = eddy_http_cookie_format(line, sizeof line, &cookie);
        return n < 0 ? (int)n : eddy_http_exchange_add_header(exchange, line);
}

int session_begin(eddy_http_exchange *exchange, const struct site *site, const char *name)
{
        char cookie[COOKIE_MAX];
        int rc = write_cookie(site, name, cookie);
        return rc < 0 ? rc : set_cookie(exchange, site, cookie);
}

/* Everybody has a session: a visitor's form to sign in wants a token, too, or another site could sign him in as whom it likes. */
int session_middleware(eddy_http_exchange *exchange, eddy_http_next *next, void *arg)
{
        const struct site *site = arg;
        struct session mine = {.name = ""};
        char cookie[COOKIE_MAX];
        ssize_t n = eddy_http_exchange_cookie(exchange, cookie_name(site), cookie, sizeof cookie);
        if (n < 0 || !read_cookie(site, cookie, &mine)) {
                int rc = write_cookie(site, "", cookie);
                if (rc == 0)
                        rc = set_cookie(exchange, site, cookie);
                if (rc < 0)
                        return rc;
                read_cookie(site, cookie, &mine);
        }
        int rc = eddy_context_set(&current, (intptr_t)&mine, NULL);
        return rc < 0 ? rc : eddy_http_next_call(next, exchange);
}
