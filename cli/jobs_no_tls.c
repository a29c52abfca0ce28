/* eddy jobs with a store at rediss://: without libeddy-tls. */
#include "jobs_store.h"

int jobs_open_tls(eddy_tls **tls, const struct jobs_options *options)
{
        (void)tls, (void)options;
        return eddy_fail(EDDY_ENOTSUP, "rediss:// is not there: eddy was built without OpenSSL");
}

void jobs_close_tls(eddy_tls *tls)
{
        (void)tls;
}
