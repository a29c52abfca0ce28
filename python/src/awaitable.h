/* What all of our coroutines do alike, those of streams (coroutine.c) and of sockets (sock_call.c). */
#ifndef EDDYLOOP_AWAITABLE_H
#define EDDYLOOP_AWAITABLE_H

#include "core.h"

enum progress { NOT_BEGUN, RUNNING, WAITING, ENDED };

/** Whether one can be run, closed or thrown into; with an exception where not. */
bool awaitable_may_run(enum progress progress);

/** Whether it takes a value that is sent; with an exception where not. */
bool awaitable_may_send(enum progress progress, PyObject *value);

/** How running one has come out, as the iterator protocol knows it: a result is the value of StopIteration. It is given. */
PyObject *awaitable_as_iterator(PySendResult how, PyObject *result, bool is_call);

/** Keep no result alive that was taken before. */
void awaitable_forget_result(void);

/** The exception that arguments of throw() stand for: a new reference, or NULL with another exception. */
PyObject *awaitable_thrown(PyObject *const *args, Py_ssize_t n);

#endif
