/* The options of `eddy serve`. */
#ifndef SERVE_OPTIONS_H
#define SERVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVE_LIST_MAX = 64 };

/** What was given several times, NULL behind the last. */
struct serve_list {
        const char *values[SERVE_LIST_MAX + 1];
        size_t count;
};

/** What is to be served, and how; its strings are the command line's. */
struct serve_options {
        const char *folder, *bind; /* NULL: on all addresses */
        long port, workers;
        double timeout, answer_timeout, max_age;
        bool hides_listings, shows_hidden, precompressed, compresses, is_verbose;
        bool is_application; /* whose pages are all index.html */
        bool takes_uploads, overwrites;
        int64_t upload_max;
        struct serve_list users, immutable, origins;
        const char *user_file;
        bool wants_tls;
        const char *certificate_file, *key_file;
        const char *log_file, *log_format;
};

/** Read the command line: an exit code; where that is not CLI_OK it has been said why. `*wants_help`: nothing else matters. */
int serve_options_read(struct serve_options *options, int argc, char **argv, bool *wants_help);

void serve_options_print_help(void);

#endif
