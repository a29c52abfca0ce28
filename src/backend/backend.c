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

/** Make one of io_uring: 0, or an error with why there is none. */
static int create_uring(struct backend **backend, int wakeup, char *why, size_t why_size)
{
#ifdef HAVE_URING
        int rc = uring_backend.create(backend, wakeup);

        if (rc < 0)
                snprintf(why, why_size, "uring cannot be had: %s", eddy_strerror(rc));
        else
                snprintf(why, why_size, "the kernel has all it needs");
        return rc;
#else
        (void)backend, (void)wakeup;
        snprintf(why, why_size, "built without liburing");
        return EDDY_ENOTSUP;
#endif
}

static int choose(struct backend **backend, int wakeup)
{
        const char *wanted = getenv("EDDY_BACKEND"), *against = objection();
        bool has_wish = wanted && *wanted, wants_epoll = has_wish && strcmp(wanted, "epoll") == 0;
        char why[sizeof(*backend)->reason];
        int rc = EDDY_ENOTSUP;

        if (has_wish && !wants_epoll && strcmp(wanted, "uring") != 0)
                return eddy_fail(-EINVAL, "EDDY_BACKEND=%s: there are epoll and uring", wanted);
        if (wants_epoll)
                snprintf(why, sizeof why, "EDDY_BACKEND asks for it");
        else if (against && !has_wish)
                snprintf(why, sizeof why, "%s", against);
        else
                rc = create_uring(backend, wakeup, why, sizeof why);
        if (rc < 0 && has_wish && !wants_epoll)
                return eddy_fail(rc, "EDDY_BACKEND=uring: %s", why);
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
