/* eddy jobs migrate. */
#include "cli.h"
#include "jobs_store.h"

#include <stdio.h>

/* Open the store, and close it: 0 or why not. */
static int try_to_open(const struct jobs_options *options, bool migrates, const char *said)
{
        eddy_jobs *jobs;
        int rc =
            jobs_store_open(&jobs, options, &(eddy_jobs_options){.must_exist = true, .migrates = migrates});

        if (rc < 0)
                return rc;
        printf("%s %s\n", eddy_jobs_url(jobs), said);
        eddy_jobs_close(jobs);
        return 0;
}

int jobs_migrate(const struct jobs_options *options)
{
        int rc = try_to_open(options, false, "is of this version's format: there is nothing to do");

        if (rc == EDDY_EJOBSFORMAT)
                rc = try_to_open(options, true, "is of this version's format now, with all that was in it");
        return rc < 0 ? jobs_failure(rc) : CLI_OK;
}
