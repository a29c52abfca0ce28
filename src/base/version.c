#include <eddy/base.h>

const char *eddy_version(void)
{
        return EDDY_VERSION;
}
