/* Tasks in line, and scopes in which one has what it was in line for: parts of what eddy/sync.h has. */
#ifndef EDDY_WAITLIST_H
#define EDDY_WAITLIST_H

#include <eddy/timeout.h>

EDDY_BEGIN_DECLS

/** Tasks that wait for one thing, in the order in which they came. A part of locks, events and the like; fields are private. */
typedef struct eddy_waitlist {
        eddy_loop *loop;   /* whose tasks; NULL before the first use, and `entries` is not set up */
        eddy_link entries; /* on the stacks of the tasks that wait */
        bool is_finished;
} eddy_waitlist;

/* What a scope is made of: a statement that runs where something was acquired, and releases it. */
#define EDDY_SYNC_SCOPE_(type, given, rc, object, scope, once)                                                 \
        for (type *object = (given),                                                                           \
                  *scope __attribute__((cleanup(type##_leave_))) =                                             \
                      ((rc) = type##_acquire(object)) == 0 ? object : NULL,                                    \
                  *once = scope;                                                                               \
             once; once = NULL)

EDDY_END_DECLS

#endif
