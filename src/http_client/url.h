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

/** Whether it begins as the URL of a UNIX socket does: "http://unix:/", but not "http://unix:8080/". */
bool url_names_unix(const char *url);

/** Take "http://unix:/run/my%20app.sock:/path" apart: the socket's path, its escapes undone, and "http://localhost/path" for the rest,
 * both freed by the caller. 1; 0 where it is no such URL; -ENOMEM; -EINVAL where it has no end, or a wrong escape; -ENAMETOOLONG where
 * no socket can have that path. Both are NULL but after 1. */
int url_split_unix(const char *url, char **socket_path, char **rest);

/** Put one together, of the path of a socket and of "http://localhost/path"; freed by the caller. NULL: no memory. */
char *url_with_unix(const char *socket_path, const char *url);

/** Say what is wrong with one, where that is what url_split_unix() says: returns it. */
int url_fail_unix(int rc, const char *url);

#endif
