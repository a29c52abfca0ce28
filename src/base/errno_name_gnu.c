#include "base/errno_name.h"

#include <string.h>

const char *errno_name(int number)
{
        return number ? strerrorname_np(number) : NULL;
}

const char *errno_meaning(int number)
{
        return number ? strerrordesc_np(number) : NULL;
}
