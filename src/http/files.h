/* A folder that is served. */
#ifndef HTTP_FILES_H
#define HTTP_FILES_H

#include "http/beneath.h"
#include "http/service.h"

#include <eddy/thread.h>

/** A folder that is served, by any number of connections of one loop. */
struct eddy_http_files {
        struct service service;
        struct beneath folder;
        eddy_executor
            *lister; /* makes pages of folders, beside the loop and beside what else helper threads do */
        bool hides_listings;
};

#endif
