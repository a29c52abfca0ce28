/* What the loop knows of descriptors, by number: who watches them, which transport has them, which of Python's sockets. */
#ifndef EDDYLOOP_WATCH_H
#define EDDYLOOP_WATCH_H

#include "core.h"

struct watched {
        PyObject *handles[2]; /* who is called, by watch_direction; NULL: nobody */
        PyObject *file; /* what was given in the place of a number, and is found when it is closed; or NULL */
        PyObject *transport; /* a weak reference of who has it, or had it; NULL: nobody */
        PyObject *socket;    /* likewise of the socket that the core knows of, see loop_know_socket() */
        short family;        /* of that socket */
        short type;
        bool comes_large; /* it was received much from last */
        int waiting;      /* calls of sock_recv() and the like */
};

/** What is known of a descriptor, with room for more: NULL with an exception. It stays where it is until the next call. */
struct watched *loop_watched(PyLoop *self, int fd);

/** What is known of the descriptor of one of Python's sockets, which somebody else closes: where the number was another's before, the
 * core forgets that one. NULL with an exception. */
struct watched *loop_know_socket(PyLoop *self, PyObject *socket, int fd);

/** Whoever waited for such a socket does not any more: have the kernel know nothing of it, unless somebody else is at it. */
void loop_let_go_of_socket(PyLoop *self, PyObject *socket, int fd);

/** A transport takes a descriptor over: likewise, of a socket or any other object. 0, or -1 with an exception. */
int loop_set_transport(PyLoop *self, PyObject *transport, PyObject *file, int fd);

/** It has none any more. */
void loop_unset_transport(PyLoop *self, PyObject *transport, int fd);

/** 0, or -1 with the RuntimeError of what belongs to a transport; `shown` is the descriptor as its user gave it, or NULL. */
int loop_ensure_no_transport(PyLoop *self, PyObject *shown, int fd);

/** The number of a file object, or of a number; -1 with an exception. It may be negative without: of what is closed. */
int loop_descriptor_of(PyObject *file, int *fd);

#endif
