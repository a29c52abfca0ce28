/* The kinds of store: each is a library of its own, found in the program or beside this one. */
#include "jobs/jobs.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* Where a program is linked with a kind, it is there already. */
extern const struct jobs_engine_type eddy_jobs_engine_sqlite __attribute__((weak, visibility("default")));
extern const struct jobs_engine_type eddy_jobs_engine_redis __attribute__((weak, visibility("default")));
extern const struct jobs_engine_type eddy_jobs_engine_postgres __attribute__((weak, visibility("default")));

struct kind {
        const char *scheme, *name;
        const struct jobs_engine_type *linked;
};

static const struct kind kinds[] = {
    {"sqlite:", "sqlite", &eddy_jobs_engine_sqlite},
    {"memory:", "sqlite", &eddy_jobs_engine_sqlite},
    {"redis://", "redis", &eddy_jobs_engine_redis},
    {"rediss://", "redis", &eddy_jobs_engine_redis},
    {"postgres://", "postgres", &eddy_jobs_engine_postgres},
    {"postgresql://", "postgres", &eddy_jobs_engine_postgres},
};

/* Beside this library, wherever that lies, else where the system looks. */
static void *load_library(const char *name)
{
        char path[4096], file[64];
        Dl_info here;
        void *library = NULL;

        snprintf(file, sizeof file, "libeddy-jobs-%s.so.0", name);
        if (dladdr((void *)(uintptr_t)jobs_find_engine, &here) && here.dli_fname &&
            strchr(here.dli_fname, '/')) {
                int folder = (int)(strrchr(here.dli_fname, '/') - here.dli_fname);
                if ((size_t)snprintf(path, sizeof path, "%.*s/%s", folder, here.dli_fname, file) < sizeof path)
                        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        }
        return library ? library : dlopen(file, RTLD_NOW | RTLD_LOCAL);
}

/* Libraries stay, as all of eddy's do. */
static int load(const struct kind *kind, const struct jobs_engine_type **type)
{
        char symbol[64];
        void *library = load_library(kind->name);

        if (!library)
                return eddy_fail(EDDY_ENOTSUP, "%s needs libeddy-jobs-%s, which cannot be loaded: %s",
                                 kind->scheme, kind->name, dlerror());
        snprintf(symbol, sizeof symbol, "eddy_jobs_engine_%s", kind->name);
        *type = dlsym(library, symbol);
        if (*type && (*type)->size == sizeof **type)
                return 0;
        return eddy_fail(EDDY_ENOTSUP, "libeddy-jobs-%s is not of the version of libeddy-jobs", kind->name);
}

int jobs_find_engine(const char *url, const struct jobs_engine_type **type)
{
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                if (strncmp(url, kinds[i].scheme, strlen(kinds[i].scheme)) == 0) {
                        *type = kinds[i].linked;
                        return *type ? 0 : load(&kinds[i], type);
                }
        return eddy_fail(
            -EINVAL, "no store of jobs: it begins with sqlite:, memory:, redis://, rediss://, postgres:// or "
                     "postgresql://");
}
