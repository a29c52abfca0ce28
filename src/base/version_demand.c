/* Part of each adapter. */
#include "base/version.h"

/** Data, so that it is looked for at once. */
__attribute__((used)) static const char *const demanded_version = EDDY_VERSION_SYMBOL;
