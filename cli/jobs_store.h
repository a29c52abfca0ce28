/* Which store `eddy jobs` is about. */
#ifndef CLI_JOBS_STORE_H
#define CLI_JOBS_STORE_H

#include "jobs.h"

/** The URL that --store or EDDY_JOBS name; NULL: neither does. */
const char *jobs_store_url(const struct jobs_options *options);

/** Whether what the command line says of certificates has a use: an exit code. */
int jobs_store_check(const struct jobs_options *options);

/** Open it, as eddy_jobs_open() does; over TLS where its URL says rediss://. `how` is without a context. */
int jobs_store_open(eddy_jobs **jobs, const struct jobs_options *options, const eddy_jobs_options *how);

/** A context for it, given back with jobs_close_tls(): 0, or an error. */
int jobs_open_tls(eddy_tls **tls, const struct jobs_options *options);

void jobs_close_tls(eddy_tls *tls);

#endif
