#include "base/version.h"

const char EDDY_VERSION_SYMBOL[] = EDDY_VERSION;

const char *eddy_version(void)
{
        return EDDY_VERSION_SYMBOL;
}
