/* What the C library calls the kernel's error numbers: where it has a function for that, and where it has none. */
#ifndef BASE_ERRNO_NAME_H
#define BASE_ERRNO_NAME_H

/** Such as "ENOENT"; NULL where the number is none. */
const char *errno_name(int number);

/** Such as "No such file or directory"; NULL likewise. In any thread. */
const char *errno_meaning(int number);

#endif
