/* What `eddy jobs` reads from standard input, while its loop goes on. */
#ifndef CLI_JOBS_INPUT_H
#define CLI_JOBS_INPUT_H

#include <eddy.h>

/** A payload: standard input to its end, given back with eddy_free(). 0, or an error with its detail. */
int jobs_read_input(char **data, size_t *size);

/** Standard input by lines, each of which may be a payload. Given back with eddy_stream_destroy(). */
int jobs_open_lines(eddy_stream **lines);

/** How many bytes standard input has, where that is a file; else 0. */
size_t jobs_input_size(void);

#endif
