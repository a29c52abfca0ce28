/* A symbol that is named after the version. The adapters use what no interface promises, so each demands the libeddy of its
 * own version, and the dynamic linker refuses another one when they are loaded. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#include <eddy/base.h>

/** The build gives its name, such as eddy_version_0_1_0. */
EDDY_API extern const char EDDY_VERSION_SYMBOL[];

#endif
