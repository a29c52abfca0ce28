#include "base/error.h"

#include "base/errno_name.h"
#include "base/memory.h"
#include "base/sys.h"
#include <eddy/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where asyncio has a name for a kernel's number, that name is used. */
static const eddy_error_name core_names[] = {
    {EDDY_CANCELLED, "EDDY_CANCELLED", "the task was cancelled"},
    {EDDY_TIMEOUT, "EDDY_TIMEOUT", "the deadline has passed"},
    {EDDY_PENDING, "EDDY_PENDING", "the operation is still going on"},
    {EDDY_EINCOMPLETE, "EDDY_EINCOMPLETE", "the stream ended before all that was asked for had come"},
    {EDDY_ELIMIT, "EDDY_ELIMIT", "the line or item is longer than the limit"},
    {EDDY_EINVALIDSTATE, "EDDY_EINVALIDSTATE", "the object is not in a state that allows this"},
    {EDDY_ENOTASK, "EDDY_ENOTASK", "a function that suspends was called outside a coroutine"},
    {EDDY_ENOLOOP, "EDDY_ENOLOOP", "no event loop runs in this thread"},
    {EDDY_ELOOPCLOSED, "EDDY_ELOOPCLOSED", "the event loop is closed"},
    {EDDY_ELOOPRUNNING, "EDDY_ELOOPRUNNING", "an event loop is running in this thread already"},
    {EDDY_EWRONGLOOP, "EDDY_EWRONGLOOP", "the object belongs to another event loop"},
    {EDDY_ESTOPPED, "EDDY_ESTOPPED", "the event loop was stopped before the future was done"},
    {EDDY_ESELFAWAIT, "EDDY_ESELFAWAIT", "a task cannot await itself"},
    {EDDY_EBUSY, "EDDY_EBUSY", "another coroutine is already waiting for this"},
    {EDDY_ERESOLVE, "EDDY_ERESOLVE", "the host name has no address"},
    {EDDY_EPROTOCOL, "EDDY_EPROTOCOL", "the peer broke the protocol"},
    {EDDY_EGROUPCLOSED, "EDDY_EGROUPCLOSED", "the group takes no more tasks"},
    {EDDY_EQUEUEFULL, "EDDY_EQUEUEFULL", "the queue is full"},
    {EDDY_EQUEUEEMPTY, "EDDY_EQUEUEEMPTY", "the queue is empty"},
    {EDDY_ESHUTDOWN, "EDDY_ESHUTDOWN", "it has been shut down"},
    {EDDY_EBROKENBARRIER, "EDDY_EBROKENBARRIER", "the barrier is broken"},
    {EDDY_EFINISHED, "EDDY_EFINISHED", "what was waited for is no more"},
    {EDDY_ENOMORE, "EDDY_ENOMORE", "the generator has ended"},
    {EDDY_EGENERATOREXIT, "EDDY_EGENERATOREXIT", "the generator is being closed"},
};

/** The latest of the blocks that were registered; each knows the one before. */
static _Atomic(eddy_error_block *) registered;

void eddy_register_errors(eddy_error_block *block)
{
        eddy_error_block *latest = atomic_load(&registered);

        do {
                for (const eddy_error_block *known = latest; known; known = known->next)
                        if (known == block)
                                return;
                block->next = latest;
        } while (!atomic_compare_exchange_weak(&registered, &latest, block));
}

static const eddy_error_name *find_in(const eddy_error_name *names, size_t count, intptr_t rc)
{
        for (size_t i = 0; i < count; i++)
                if (names[i].number == rc)
                        return &names[i];
        return NULL;
}

static const eddy_error_name *find(intptr_t rc)
{
        const eddy_error_name *found = find_in(core_names, sizeof core_names / sizeof core_names[0], rc);

        for (const eddy_error_block *block = atomic_load(&registered); block && !found; block = block->next)
                found = find_in(block->names, block->count, rc);
        return found;
}

const char *eddy_errname(intptr_t rc)
{
        const eddy_error_name *known = find(rc);
        const char *name;

        if (known)
                return known->name;
        if (rc == 0)
                return "OK";
        name = eddy_is_error(rc) ? errno_name((int)-rc) : NULL;
        return name ? name : "unknown";
}

const char *eddy_strerror(intptr_t rc)
{
        const eddy_error_name *known = find(rc);
        const char *meaning;

        if (known)
                return known->meaning;
        if (!eddy_is_error(rc))
                return "no error";
        meaning = errno_meaning((int)-rc);
        return meaning ? meaning : "unknown error";
}

static _Atomic(error_slot_finder *) find_task_slot;

void error_set_slot_finder(error_slot_finder *finder)
{
        find_task_slot = finder;
}

void error_detail_set(struct error_detail **slot, intptr_t rc, const char *text)
{
        size_t size = strlen(text) + 1;
        struct error_detail *detail = memory_alloc(sizeof *detail + size);

        if (detail) {
                detail->rc = rc;
                memcpy(detail->text, text, size);
        }
        memory_free(*slot);
        *slot = detail;
}

/** What a thread itself keeps, while no task runs. A mapping of its own: there is next to no thread-local storage for a
 * library that is loaded into a running program, and what comes from the user's allocator is given back sooner. */
struct thread_detail {
        intptr_t rc;
        char text[256];
};

static __thread struct thread_detail *thread_detail; /* NULL before its first failure */

static pthread_key_t thread_key;
static bool has_thread_key;

/** The thread ends. */
static void release_thread_detail(void *detail)
{
        thread_detail = NULL;
        munmap(detail, sizeof *thread_detail);
}

static void create_thread_key(void)
{
        has_thread_key = pthread_key_create(&thread_key, release_thread_detail) == 0;
}

/** The thread's own; NULL without memory. */
static struct thread_detail *get_thread_detail(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        if (thread_detail)
                return thread_detail;
        pthread_once(&once, create_thread_key);
        thread_detail = has_thread_key ? sys_map(sizeof *thread_detail) : NULL;
        if (thread_detail)
                pthread_setspecific(thread_key, thread_detail);
        return thread_detail;
}

static void set_thread_detail(intptr_t rc, const char *text)
{
        struct thread_detail *detail = get_thread_detail();

        if (!detail)
                return;
        detail->rc = rc;
        snprintf(detail->text, sizeof detail->text, "%s", text);
}

/** Where the running task keeps it; NULL: no task runs. */
static struct error_detail **find_slot(void)
{
        error_slot_finder *finder = find_task_slot;

        return finder ? finder() : NULL;
}

static void set_current(intptr_t rc, const char *text)
{
        struct error_detail **slot = find_slot();

        if (slot)
                error_detail_set(slot, rc, text);
        else
                set_thread_detail(rc, text);
}

void error_detail_adopt(const struct error_detail *detail)
{
        if (detail)
                set_current(detail->rc, detail->text);
}

void error_detail_forget(void)
{
        if (!thread_detail)
                return;
        thread_detail->rc = 0;
        thread_detail->text[0] = '\0';
}

/** The current detail if it is of this error; of any where rc is 0. */
static const char *current_text(intptr_t rc)
{
        struct error_detail **slot = find_slot();

        if (slot)
                return *slot && (rc == 0 || (*slot)->rc == rc) ? (*slot)->text : "";
        return thread_detail && (rc == 0 || thread_detail->rc == rc) ? thread_detail->text : "";
}

const char *eddy_error_detail(void)
{
        return current_text(0);
}

const char *eddy_explain(intptr_t rc)
{
        const char *text = current_text(rc);

        return *text ? text : eddy_strerror(rc);
}

int eddy_fail(int rc, const char *format, ...)
{
        char text[sizeof thread_detail->text];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        set_current(rc, text);
        return rc;
}

int error_detail_fail(struct error_detail **slot, int rc, const char *format, ...)
{
        char text[sizeof thread_detail->text];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        error_detail_set(slot, rc, text);
        return rc;
}
