/* Passwords that are typed. */
#ifndef CLI_ASK_PASSWORD_H
#define CLI_ASK_PASSWORD_H

#include <stddef.h>

/**
 * Ask for a password on the terminal, which does not show it. However that ends, the terminal is as before: a signal, such as of Ctrl-C, has its
 * effect once it is, and who goes on behind Ctrl-Z is asked again.
 *
 * @param command   "eddy NAME", which complains
 * @param password  receives it; `size` bytes, terminator included
 * @return 0, or an exit code, which has been explained
 */
int ask_password(const char *command, char *password, size_t size);

#endif
