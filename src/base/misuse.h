/* Misuse: what C cannot keep a user from. It is answered with an error, and in debug mode (EDDY_DEBUG=1) said aloud
 * where it happened. */
#ifndef BASE_MISUSE_H
#define BASE_MISUSE_H

/** Returns rc; in debug mode, also prints it and the calls that led here to stderr. */
int misuse(int rc);

#endif
