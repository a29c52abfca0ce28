/* What loop.sock_recv() and the others give: something to be awaited. Its life is in sock_call.c, what each does in sock.c. */
#ifndef EDDYLOOP_SOCK_H
#define EDDYLOOP_SOCK_H

#include "address.h"
#include "awaitable.h"
#include "loop/operation.h"
#include "watch.h"

enum sock_step { SOCK_DONE, SOCK_MUST_WAIT, SOCK_FAILED };

struct sock_call;

/** One of the functions. */
struct sock_kind {
        const char *name;

        /** Do what can be done of it this moment: SOCK_DONE with its result, which is owned; SOCK_FAILED with an exception. */
        enum sock_step (*attempt)(struct sock_call *call, PyObject **result);

        /** Begin the operation that ends when it is worth while to try again: EDDY_PENDING, or its outcome. */
        ssize_t (*wait)(struct sock_call *call);

        /** What was waited for is over: whether somebody is to hear of it, rather than to wait on. NULL: so it is. */
        bool (*came)(struct sock_call *call);
};

/** What an operation points to that carries an address. */
struct sock_message {
        union address address;
        socklen_t size;
        struct iovec part;
        struct msghdr header;
};

struct sock_call {
        PyObject ob_base;
        const struct sock_kind *kind;
        PyLoop *loop;
        PyObject *socket;
        PyObject *first, *second; /* what it was called with */
        PyObject *future;         /* that its task waits for; NULL: it does not */
        eddy_link waiting;        /* in the loop's sock_calls, which then owns a reference */
        Py_buffer view;           /* its `obj` is NULL: there is none */
        size_t done;              /* so much of it has left */
        ssize_t outcome;          /* of an operation that failed: its error */
        struct sock_message *message;
        int fd;
        enum progress progress;
        eddy_op op;
};

extern PyTypeObject *sock_call_type;

extern const struct sock_kind sock_connect_kind, sock_accept_kind;

/** What is known of the socket's descriptor. */
static inline struct watched *sock_known(const struct sock_call *call)
{
        return &call->loop->watched[call->fd];
}

/** The step of what cannot be done, or not yet. */
enum sock_step sock_not_done(ssize_t error);

/** Have Python's socket do it, which knows all addresses and says what is wrong with arguments. */
enum sock_step sock_do_in_python(struct sock_call *call, const char *method, PyObject **result);

/** Wait until something has come, of a socket whose addresses may be Python's to make. */
ssize_t sock_wait_to_receive(struct sock_call *call);

/** A call: a new reference, or NULL with an exception. */
PyObject *sock_call_create(PyLoop *loop, const struct sock_kind *kind, PyObject *socket, PyObject *first,
                           PyObject *second);

/** Callback of an operation that a call has begun. */
void sock_call_came(void *call);

int sock_add_types(PyObject *module);

/** The loop is closed: nobody is told of anything any more. */
void loop_forget_sock_calls(PyLoop *self);

/** What they wait for will never come, in a child made by fork(): they are to try again. */
void loop_renew_sock_calls(PyLoop *self);
int loop_visit_sock_calls(PyLoop *self, visitproc visit, void *arg);

/** A socket that was accepted, which it owns: a new reference, or NULL with an exception and it is closed. */
PyObject *socket_of_accepted(int fd, int family, int type, PyObject *listener);

#endif
