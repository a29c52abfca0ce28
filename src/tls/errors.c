#include "tls/errors.h"

#include <errno.h>

struct tls_errors errors_take(int library)
{
        struct tls_errors errors = {0};
        unsigned long error;

        while ((error = ERR_get_error()) != 0) {
                if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
                        errors.has_no_memory = true;
                if (ERR_SYSTEM_ERROR(error) && !errors.system)
                        errors.system = ERR_GET_REASON(error);
                if (!errors.error || (ERR_GET_LIB(error) == library && ERR_GET_LIB(errors.error) != library))
                        errors.error = error;
        }
        /* What is not even noted had no memory for that, or is of who writes and reads for OpenSSL, who lacks nothing else. */
        if (!errors.error || errors.system == ENOMEM)
                errors.has_no_memory = true;
        return errors;
}
