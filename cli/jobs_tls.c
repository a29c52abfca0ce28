/* eddy jobs with a store at rediss://: by libeddy-tls. */
#include "jobs_store.h"

#include <eddy/tls.h>

int jobs_open_tls(eddy_tls **tls, const struct jobs_options *options)
{
        return eddy_tls_create_client(tls, &(eddy_tls_options){
                                               .ca_file = options->ca_file,
                                               .certificate_file = options->certificate_file,
                                               .key_file = options->key_file,
                                           });
}

void jobs_close_tls(eddy_tls *tls)
{
        eddy_tls_unref(tls);
}
