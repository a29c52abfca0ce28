#include "backend/backend.h"

#include "base/error.h"
#include "base/sanitizer.h"
#include "base/sys.h"
#include <eddy/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/** Why a program that is being watched had better not use io_uring; NULL: it may. */
static const char *objection(void)
{
        if (RUNNING_ON_VALGRIND)
                return "valgrind does not see what io_uring writes";
        return SANITIZER_THREAD ? "ThreadSanitizer holds signals back from io_uring's waits" : NULL;
}

static int try(struct backend **backend, const struct backend_impl *impl, int wakeup, char why[120])
{
        int rc = impl->create(backend, wakeup);

        if (rc < 0)
                snprintf(why, sizeof((struct backend *)0)->reason, "%s cannot be had: %s", impl->name,
                         eddy_strerror(rc));
        return rc;
}

static int choose(struct backend **backend, int wakeup)
{
        const char *wanted = getenv("EDDY_BACKEND"), *against = objection();
        char why[120] = "built without liburing";
        int rc = EDDY_ENOTSUP;

        if (wanted && *wanted && strcmp(wanted, "epoll") != 0 && strcmp(wanted, "uring") != 0)
                return eddy_fail(-EINVAL, "EDDY_BACKEND=%s: there are epoll and uring", wanted);
        if (wanted && strcmp(wanted, "epoll") == 0) {
                snprintf(why, sizeof why, "EDDY_BACKEND asks for it");
        } else if (against && !(wanted && *wanted)) {
                snprintf(why, sizeof why, "%s", against);
        } else {
#ifdef HAVE_URING
                rc = try(backend, &uring_backend, wakeup, why);
                if (rc == 0)
                        snprintf(why, sizeof why, "the kernel has all it needs");
#endif
                if (rc < 0 && wanted && *wanted)
                        return eddy_fail(rc, "EDDY_BACKEND=uring: %s", why);
        }
        if (rc < 0)
                rc = epoll_backend.create(backend, wakeup);
        if (rc == 0)
                memcpy((*backend)->reason, why, sizeof why);
        return rc;
}

int backend_create(struct backend **backend, eddy_link **ready)
{
        int wakeup = sys_eventfd();
        int rc;

        if (wakeup < 0)
                return wakeup;
        rc = choose(backend, wakeup);
        if (rc < 0) {
                sys_close(wakeup);
                return rc;
        }
        (*backend)->ready = ready;
        (*backend)->fork_generation = fork_generation;
        (*backend)->wakeup = wakeup;
        return 0;
}

void backend_destroy(struct backend *backend)
{
        int wakeup = backend->wakeup;

        backend->impl->destroy(backend);
        sys_close(wakeup);
}

void backend_wake(struct backend *backend)
{
        const uint64_t one = 1;
        ssize_t rc = 0;

        if (!backend_is_inherited(backend))
                rc = write(backend->wakeup, &one, sizeof one);
        (void)rc; /* fails only where the counter is full, and then the loop has been woken */
}
