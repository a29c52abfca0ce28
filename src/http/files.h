/* A folder that is served. */
#ifndef HTTP_FILES_H
#define HTTP_FILES_H

#include "http/beneath.h"
#include "http/service.h"

#include <eddy/http_files.h>
#include <eddy/thread.h>

/** A folder that is served, by any number of connections of one loop. */
struct eddy_http_files {
        struct eddy_http_service service;
        struct beneath folder;
        eddy_executor *lister; /* makes pages of folders, beside the loop and what else helper threads do */
        eddy_executor *reader; /* opens and reads what is not in memory; large folders must not hold it up */
        bool hides_listings, shows_hidden;
        bool has_precompressed; /* files beside others, that may be sent for them */
        bool compresses, falls_back, has_form;
        char age_line[48]; /* Cache-Control of files that may change; "": it is not said */
        const char *const *immutable;
};

#endif
