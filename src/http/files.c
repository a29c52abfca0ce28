#include "http/files.h"

#include "base/list.h"
#include "base/memory.h"
#include <stdio.h>

static void free_files(eddy_http_service *service)
{
        struct eddy_http_files *files = container_of(service, struct eddy_http_files, service);

        eddy_executor_destroy(files->lister);
        eddy_executor_destroy(files->reader);
        beneath_finish(&files->folder);
        memory_free(files);
}

int eddy_http_files_create(eddy_http_files **files_out, const char *directory,
                           const eddy_http_files_options *options)
{
        const eddy_http_files_options chosen = options ? *options : (eddy_http_files_options){0};
        eddy_http_files *files = memory_zalloc(sizeof *files);
        int rc;

        *files_out = NULL;
        if (!files)
                return -ENOMEM;
        rc = eddy_executor_create(&files->lister,
                                  &(eddy_executor_options){.max_threads = 2, .name = "eddy-lister"});
        if (rc < 0)
                goto free_memory;
        rc = eddy_executor_create(&files->reader, &(eddy_executor_options){.name = "eddy-reader"});
        if (rc < 0)
                goto destroy_lister;
        rc = beneath_init(&files->folder, directory);
        if (rc < 0) {
                if (rc != -ENOMEM)
                        eddy_fail(rc, "cannot serve %s: %s", directory, eddy_strerror(rc));
                goto destroy_reader;
        }
        service_init(&files->service, eddy_http_files_answer, files,
                     &(eddy_http_service_options){
                         .timeout = chosen.timeout,
                         .answer_timeout = chosen.answer_timeout,
                         .on_request = chosen.on_request,
                         .arg = chosen.arg,
                         .compresses = chosen.compresses,
                     },
                     free_files);
        files->hides_listings = chosen.hides_listings;
        files->shows_hidden = chosen.shows_hidden;
        files->has_precompressed = chosen.precompressed;
        files->compresses = chosen.compresses;
        files->falls_back = chosen.falls_back;
        files->has_form = chosen.has_upload_form;
        if (chosen.max_age > 0)
                snprintf(files->age_line, sizeof files->age_line, "Cache-Control: max-age=%lld",
                         (long long)eddy_to_seconds(chosen.max_age));
        files->immutable = chosen.immutable;
        *files_out = files;
        return 0;
destroy_reader:
        eddy_executor_destroy(files->reader);
destroy_lister:
        eddy_executor_destroy(files->lister);
free_memory:
        memory_free(files);
        return rc;
}

void eddy_http_files_destroy(eddy_http_files *files)
{
        if (files)
                service_release(&files->service);
}

eddy_http_service *eddy_http_files_service(eddy_http_files *files)
{
        return &files->service;
}

intptr_t eddy_http_serve_files(eddy_stream *stream, void *files)
{
        return eddy_http_serve(stream, eddy_http_files_service(files));
}
