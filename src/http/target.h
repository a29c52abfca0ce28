/* What a request asks for, as a path. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include <stddef.h>
#include <sys/types.h>

enum { HTTP_PATH_MAX = 4096 };

/**
 * Decode a request's target and resolve its dots.
 *
 * @param path  receives a path without a leading slash, without ".", ".." and empty parts, terminated; with a
 *              trailing slash where a folder was asked for, and "" for the root
 * @return its length
 * @retval -EINVAL        no path, or a malformed escape, or a NUL
 * @retval -ENOENT        it leads above the root
 * @retval -ENAMETOOLONG  it does not fit
 */
ssize_t http_target_decode(const char *target, size_t n, char path[HTTP_PATH_MAX]);

/** How long "http://" or "https://" is at its beginning, in any case; 0 where it begins otherwise. */
size_t http_target_scheme(const char *target, size_t n);

/** The path within "/path?query" or "http://host/path?query", or by https, not terminated, and where it ends; empty where a host is all
 * there is, NULL where the target is neither. */
const char *http_target_path(const char *target, size_t n, const char **end);

/** One byte of a path, escaped or not; -1 where an escape is malformed. */
int http_target_next_byte(const char **at, const char *end);

/** Escape a path for use in a URL; at most three times as long. How many bytes, no NUL behind them. */
size_t http_target_encode(const char *path, char *target);

#endif
