/* URLs as people write them, and as they are sent. */
#ifndef HTTP_CLIENT_URL_H
#define HTTP_CLIENT_URL_H

#include <stdbool.h>

/** A URL whose path and query hold only what one may have; freed by the caller. NULL: no memory. */
char *url_encode(const char *url);

/** Whether it names a scheme: "http://host" does, "path" and "//host" do not. */
bool url_is_absolute(const char *url);

/** What a URL means where another was the answer's, or is the base. 0, -ENOMEM, or -EINVAL where it means nothing. */
int url_join(char **joined, const char *base, const char *url);

/** A URL with "name", "value" ... behind its query; freed by the caller. NULL: no memory. */
char *url_add_query(const char *url, const char *const *query);

/** "name", "value" ... as a form sends them, "a=b&c=d"; freed by the caller. NULL: no memory. */
char *url_encode_form(const char *const *fields);

/** Take "http://unix:/run/app.sock:/path" apart: the socket's path, and "http://localhost/path" for the rest, both freed by the
 * caller. 1; 0 where it is no such URL; -ENOMEM, or -EINVAL where it has no end. */
int url_split_unix(const char *url, char **socket_path, char **rest);

#endif
