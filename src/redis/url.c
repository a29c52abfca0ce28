/* redis://user:password@host:port/database, and rediss:// where TLS is to be spoken. */
#include "redis/options.h"

#include "base/memory.h"
#include <limits.h>
#include <string.h>

/** What is left of an URL to be read. */
struct rest {
        const char *begin, *end;
};

static int refuse(const char *why)
{
        return eddy_fail(-EINVAL, "the URL of the Redis server is wrong: %s", why);
}

/** Take what is before a character, and the character itself: false where there is none. */
static bool take_until(struct rest *rest, char mark, struct rest *taken)
{
        const char *place = memchr(rest->begin, mark, (size_t)(rest->end - rest->begin));

        if (!place)
                return false;
        *taken = (struct rest){rest->begin, place};
        rest->begin = place + 1;
        return true;
}

static int hex_digit(char c)
{
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *place = c ? strchr(digits, c) : NULL;
        int digit = place ? (int)(place - digits) : -1;

        return digit < 16 ? digit : digit - 6;
}

/** Take the character of a "%2F", whose % is taken: 0 or an error. */
static int take_escaped(struct rest *part, char *character)
{
        int high = part->end - part->begin >= 2 ? hex_digit(part->begin[0]) : -1;
        int low = high >= 0 ? hex_digit(part->begin[1]) : -1;

        if (low < 0 || high + low == 0)
                return refuse("behind a % come two hexadecimal digits, and not 00");
        *character = (char)(high << 4 | low);
        part->begin += 2;
        return 0;
}

/** Replace a text by one of the URL's, in which "%2F" is a slash. Nothing leaves it as it is. 0 or an error. */
static int set_text(const char **text, struct rest part)
{
        char *decoded, *end;
        int rc = 0;

        if (part.begin == part.end)
                return 0;
        decoded = end = memory_alloc((size_t)(part.end - part.begin) + 1);
        if (!decoded)
                return -ENOMEM;
        memory_free_text(*text);
        *text = decoded;
        while (rc == 0 && part.begin < part.end) {
                *end = *part.begin++;
                if (*end == '%')
                        rc = take_escaped(&part, end);
                end++;
        }
        *end = '\0';
        return rc;
}

/** A number of digits only: 0 or -EINVAL. Nothing leaves it as it is. */
static int set_number(long *number, struct rest part, long most)
{
        long value = 0;

        if (part.begin == part.end)
                return 0;
        for (; part.begin < part.end; part.begin++) {
                if (*part.begin < '0' || *part.begin > '9' || value > most)
                        return -EINVAL;
                value = value * 10 + (*part.begin - '0');
        }
        *number = value;
        return value > most ? -EINVAL : 0;
}

static int read_user(eddy_redis_options *options, struct rest *rest)
{
        struct rest whole, user;
        int rc = 0;

        if (!take_until(rest, '@', &whole))
                return 0;
        if (!take_until(&whole, ':', &user))
                return set_text(&options->user, whole);
        rc = set_text(&options->user, user);
        return rc < 0 ? rc : set_text(&options->password, whole);
}

static int read_host(eddy_redis_options *options, struct rest rest)
{
        long port = options->port;
        struct rest host;
        int rc;

        if (rest.begin < rest.end && *rest.begin == '[') {
                rest.begin++;
                if (!take_until(&rest, ']', &host) || (rest.begin < rest.end && *rest.begin++ != ':'))
                        return refuse("an IPv6 address is between [ and ]");
        } else if (!take_until(&rest, ':', &host)) {
                host = rest;
                rest.begin = rest.end;
        }
        rc = set_text(&options->host, host);
        if (rc == 0 && (set_number(&port, rest, UINT16_MAX) < 0 || (port == 0 && rest.begin < rest.end)))
                rc = refuse("the port is no number from 1 to 65535");
        options->port = (uint16_t)port;
        return rc;
}

static int read_database(eddy_redis_options *options, struct rest rest)
{
        long database = options->database;

        if (set_number(&database, rest, INT_MAX) < 0)
                return refuse("behind the host comes the number of a database");
        options->database = (int)database;
        return 0;
}

static int read_rest(eddy_redis_options *options, struct rest rest)
{
        struct rest authority, nothing = {rest.end, rest.end};
        int rc;

        if (!take_until(&rest, '/', &authority)) {
                authority = rest;
                rest = nothing;
        }
        rc = read_user(options, &authority);
        if (rc == 0)
                rc = read_host(options, authority);
        return rc < 0 ? rc : read_database(options, rest);
}

static bool takes(struct rest *rest, const char *scheme)
{
        size_t size = strlen(scheme);

        if (strncmp(rest->begin, scheme, size) != 0)
                return false;
        rest->begin += size;
        return true;
}

int redis_options_read_url(eddy_redis_options *options, const char *url)
{
        struct rest rest = {url, url + strlen(url)};

        if (options->path)
                return refuse("there is a path, too");
        if (takes(&rest, "rediss://")) {
                if (!options->tls)
                        return eddy_fail(-EINVAL, "rediss:// needs a context: options.tls");
        } else if (!takes(&rest, "redis://")) {
                return refuse("it begins with neither redis:// nor rediss://");
        }
        return read_rest(options, rest);
}
