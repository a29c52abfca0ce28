/* Misuse: what C cannot keep a user from. It is answered with an error, and in debug mode said aloud where it
 * happened. */
#ifndef BASE_MISUSE_H
#define BASE_MISUSE_H

#include <stdbool.h>

/** Returns rc; in debug mode, also logs it and the calls that led here. */
int misuse(int rc);

/** Whether the environment asks for debug mode. */
bool misuse_env_wants_debug(void);

/** Have misuse told from now on, whatever the environment says. */
void misuse_tell(void);

#endif
