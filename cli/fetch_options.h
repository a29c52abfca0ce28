/* The command line of `eddy fetch`. */
#ifndef CLI_FETCH_OPTIONS_H
#define CLI_FETCH_OPTIONS_H

#include "batch.h"

/** Read it into a batch that has its defaults. 0, or an exit code, which has been explained. */
int fetch_parse(struct batch *batch, int argc, char **argv, bool *wants_help);

#endif
