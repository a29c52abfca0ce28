/* What the subcommands of `eddy` share. */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>

/* Exit codes. That who reads the output has left is told as of a program that SIGPIPE has ended. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_INTERRUPTED = 130, CLI_UNREAD = 141 };

/* The subcommands: argv[0] is "eddy NAME". They return an exit code. */
int fetch_main(int argc, char **argv);
int serve_main(int argc, char **argv);
int jobs_main(int argc, char **argv);

/** Say what is wrong with the command line and where help is; returns CLI_USAGE. */
__attribute__((format(printf, 2, 3))) int cli_usage_error(const char *command, const char *format, ...);

/** Say that there is not enough memory; returns CLI_FAILED. */
int cli_no_memory(const char *command);

/** Read a whole number within bounds. False, and *value as it was, where it is none. */
bool cli_parse_number(const char *text, long min, long max, long *value);

/** Read seconds, such as "2.5" or "inf", more than 0. */
bool cli_parse_seconds(const char *text, double *seconds);

/** Allow as many descriptors as the system lets us, and say how many those are. */
size_t cli_raise_descriptor_limit(void);

/** Make standard input, output and error exist: one that this program was started without fails when it is used, and no
 * other file takes its number. Call this first. */
void cli_open_standard_files(void);

/** Send standard output on its way. Where that fails, cli_finish() says so. */
void cli_flush(void);

/** End the command with this exit code, or, where its output could not all be written, say so and end with CLI_FAILED in
 * place of CLI_OK. */
int cli_finish(int exit_code);

/** Write text for people's eyes: control characters, which could steer a terminal, and bytes that are no UTF-8 as "?". Bytes written to
 * `out`, which has room for `size`, terminator included. */
size_t cli_printable(char *out, size_t size, const char *text);

/** Print bytes for people's eyes, as cli_printable() has them but for tabs and line ends, with this before each line but the first. */
void cli_print_bytes(const void *data, size_t size, const char *indent);

/** How many bytes the character of UTF-8 has that begins here, `left` bytes before the end, at least 1; 0: it is none. */
size_t cli_utf8_length(const unsigned char *text, size_t left);

/** Whether the character of UTF-8 that begins here is a control character: U+0000 to U+001F, U+007F to U+009F. */
bool cli_is_control(const unsigned char *text);

#endif
