#include <eddy/http_auth.h>

#include "http/line.h"
#include <string.h>
#include <strings.h>

/* What is behind a scheme and the blanks that end it; NULL where it is another. */
static const char *find_credentials(const char *authorization, const char *scheme)
{
        size_t n = strlen(scheme);
        const char *at = authorization;

        if (!at || strncasecmp(at, scheme, n) != 0 || (at[n] != ' ' && at[n] != '\0'))
                return NULL;
        at += n;
        return at + strspn(at, " ");
}

static int digit_of(char letter)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *found = letter ? strchr(digits, letter) : NULL;

        return found ? (int)(found - digits) : -1;
}

/* Three bytes of four letters, of which the last ones may be "="; how many bytes, or -EINVAL. The bits that are left over are 0, so that
 * nothing can be written in two ways. */
static int decode_four(char out[3], const char *text)
{
        int size = text[3] != '=' ? 3 : text[2] != '=' ? 2 : 1;
        unsigned bits = 0;

        for (int i = 0; i < 4; i++) {
                int digit = i <= size ? digit_of(text[i]) : 0;

                if (digit < 0)
                        return -EINVAL;
                bits = bits << 6 | (unsigned)digit;
        }
        if (bits & (size == 1 ? 0xffffu : size == 2 ? 0xffu : 0))
                return -EINVAL;
        for (int i = 0; i < 3; i++)
                out[i] = (char)(bits >> (16 - 8 * i));
        return size;
}

/* How many bytes there are, with a NUL behind them. */
static ssize_t decode(char *out, size_t most, const char *text)
{
        size_t n = strlen(text), size = 0;

        if (n % 4 != 0)
                return -EINVAL;
        for (size_t at = 0; at < n; at += 4) {
                char three[3];
                int rc = decode_four(three, text + at);

                if (rc < 0 || (rc < 3 && at + 4 < n))
                        return -EINVAL;
                if (size + (size_t)rc > most)
                        return EDDY_ELIMIT;
                memcpy(out + size, three, (size_t)rc);
                size += (size_t)rc;
        }
        out[size] = '\0';
        return (ssize_t)size;
}

static bool has_control(const char *text, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
                        return true;
        return false;
}

int eddy_http_basic_parse(eddy_http_basic *basic, const char *authorization)
{
        const char *text = find_credentials(authorization, "Basic");
        ssize_t n = text ? decode(basic->text, EDDY_HTTP_BASIC_MAX, text) : -ENOENT;
        char *colon;

        if (n < 0)
                return (int)n;
        colon = memchr(basic->text, ':', (size_t)n);
        if (!colon || has_control(basic->text, (size_t)n))
                return -EINVAL;
        *colon = '\0';
        basic->user = basic->text;
        basic->user_size = (size_t)(colon - basic->text);
        basic->password = colon + 1;
        basic->password_size = (size_t)n - basic->user_size - 1;
        return 0;
}

int eddy_http_bearer_parse(const char **token, const char *authorization)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
        const char *text = find_credentials(authorization, "Bearer");
        size_t n = text ? strspn(text, letters) : 0;

        *token = NULL;
        if (!text)
                return -ENOENT;
        if (n == 0 || text[n + strspn(text + n, "=")] != '\0')
                return -EINVAL;
        *token = text;
        return 0;
}

bool eddy_http_secret_equal(const void *given, size_t given_size, const void *secret, size_t secret_size)
{
        const volatile unsigned char *one = given, *other = secret;
        volatile unsigned char difference = given_size != secret_size;

        /* Where the sizes differ, it is compared with itself. */
        if (given_size != secret_size)
                other = one;
        for (size_t i = 0; i < given_size; i++)
                difference |= one[i] ^ other[i];
        return difference == 0;
}

static ssize_t challenge(char *text, size_t size, const char *scheme, const char *realm, const char *parameter,
                         const char *value)
{
        struct line line;

        if (has_control(realm, strlen(realm)) || (value && has_control(value, strlen(value))))
                return eddy_fail(-EINVAL, "a realm or an error with a control character");
        line_begin(&line, text, size);
        line_add(&line, "WWW-Authenticate: ");
        line_add(&line, scheme);
        line_add(&line, " realm=");
        line_add_quoted(&line, realm);
        if (value) {
                line_add(&line, parameter);
                line_add_quoted(&line, value);
        }
        return line_end(&line);
}

ssize_t eddy_http_basic_challenge(char *line, size_t size, const char *realm)
{
        return challenge(line, size, "Basic", realm, ", charset=", "UTF-8");
}

ssize_t eddy_http_bearer_challenge(char *line, size_t size, const char *realm, const char *error)
{
        return challenge(line, size, "Bearer", realm, ", error=", error);
}
