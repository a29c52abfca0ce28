/* Directories, for who reads many of them in passing. */
#ifndef FILE_DIRECTORY_H
#define FILE_DIRECTORY_H

#include <eddy/directory.h>

/** As eddy_directory_open_at(), with more flags of open(). */
int directory_open(eddy_directory **directory, int folder, const char *path, int flags);

/** Close a directory here and now, which takes no time as nothing was written, and no suspension. No coroutine may be
 * in a call for it; NULL is allowed. */
void directory_discard(eddy_directory *directory);

#endif
