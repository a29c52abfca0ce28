/* What answers from a folder share: how a file of it is sent, and its list. */
#ifndef HTTP_FOLDER_H
#define HTTP_FOLDER_H

#include "http/exchange.h"
#include "http/files.h"

#include <sys/stat.h>

/** The status that says why a path could not be opened. */
int folder_status_of(int rc);

/** Send a file, which exchange->path leads to; `is_fallback`: it stands for what was asked for. Suspends. */
int folder_send_file(struct eddy_http_files *files, eddy_http_exchange *exchange, int fd,
                     const struct stat *status, bool is_fallback);

/** Send the list of the folder that exchange->path leads to, and close its descriptor. Suspends. */
int folder_send_listing(struct eddy_http_files *files, eddy_http_exchange *exchange, int fd);

#endif
