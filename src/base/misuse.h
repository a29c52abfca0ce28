/* Misuse: what C cannot keep a user from. It is answered with an error, and in debug mode said aloud where it
 * happened. */
#ifndef BASE_MISUSE_H
#define BASE_MISUSE_H

#include <stdbool.h>

/** In debug mode, log an error and the calls that led here. */
void misuse_report(int rc) __attribute__((cold));

/** Returns rc, and reports it. Inline, so that callers are known to end here and keep nothing for after it. */
static inline int misuse(int rc)
{
        misuse_report(rc);
        return rc;
}

/** Whether the environment asks for debug mode. */
bool misuse_env_wants_debug(void);

/** Have misuse told from now on, whatever the environment says. */
void misuse_tell(void);

#endif
