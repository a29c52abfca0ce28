/* A folder that is served. */
#ifndef HTTP_FILES_H
#define HTTP_FILES_H

#include "http/beneath.h"
#include "http/service.h"

struct eddy_http_files {
        struct service service;
        struct beneath folder;
        bool hides_listings;
};

#endif
