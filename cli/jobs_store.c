#include "jobs_store.h"
#include "cli.h"

#include <stdlib.h>
#include <string.h>

const char *jobs_store_url(const struct jobs_options *options)
{
        const char *url = options->store ? options->store : getenv("EDDY_JOBS");

        /* An empty variable is none, as for eddy_jobs_open(); what --store says is what was meant. */
        return options->store || (url && url[0]) ? url : NULL;
}

static bool is_over_tls(const struct jobs_options *options)
{
        const char *url = jobs_store_url(options);

        return url && strncmp(url, "rediss://", 9) == 0;
}

int jobs_store_check(const struct jobs_options *options)
{
        if (options->key_file && !options->certificate_file)
                return cli_usage_error("eddy jobs", "--cert-key needs the --cert that it is of");
        if ((options->ca_file || options->certificate_file) && !is_over_tls(options))
                return cli_usage_error("eddy jobs",
                                       "--ca and --cert are for a store at rediss://; PostgreSQL's URL "
                                       "says sslrootcert=FILE, sslcert=FILE and sslkey=FILE");
        return CLI_OK;
}

int jobs_store_open(eddy_jobs **jobs, const struct jobs_options *options, const eddy_jobs_options *how)
{
        eddy_jobs_options with_tls = *how;
        int rc = is_over_tls(options) ? jobs_open_tls(&with_tls.tls, options) : 0;

        if (rc < 0)
                return rc;
        rc = eddy_jobs_open(jobs, jobs_store_url(options), &with_tls);
        if (with_tls.tls) /* the store has its own reference */
                jobs_close_tls(with_tls.tls);
        return rc;
}
