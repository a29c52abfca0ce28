/* What a server calls a file: Content-Disposition (RFC 6266). */
#ifndef CLI_DISPOSITION_H
#define CLI_DISPOSITION_H

#include "fetch_name.h"

/** The name of a file in a header's value, as safe as that of a URL (fetch_name_make()): filename* where it can be read
 * (RFC 8187: UTF-8 or ISO-8859-1), else filename. False where there is none. */
bool disposition_name(const char *value, char name[FETCH_NAME_MAX + 1]);

#endif
