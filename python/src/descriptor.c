/* Descriptors: their numbers, and to whom they belong. */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

static int grow(PyLoop *self, int fd)
{
        int count = self->watched_count ? self->watched_count : 16;
        struct watched *watched;

        if (fcntl(fd, F_GETFD) < 0) { /* as large a number may be any that is none */
                raise_error(-errno);
                return -1;
        }
        while (count <= fd)
                count *= 2;
        watched = PyMem_Realloc(self->watched, (size_t)count * sizeof *watched);
        if (!watched) {
                PyErr_NoMemory();
                return -1;
        }
        memset(watched + self->watched_count, 0, (size_t)(count - self->watched_count) * sizeof *watched);
        self->watched = watched;
        self->watched_count = count;
        return 0;
}

struct watched *loop_watched(PyLoop *self, int fd)
{
        if (fd < 0) {
                PyErr_Format(PyExc_ValueError, "Invalid file descriptor: %d", fd);
                return NULL;
        }
        if (fd >= self->watched_count && grow(self, fd) < 0)
                return NULL;
        return &self->watched[fd];
}

/* ------------------------------------------------------------------------------------------------
 * Numbers. */

/** Set the ValueError that asyncio has for what is no file. */
static int refuse_file(PyObject *file)
{
        if (!PyErr_ExceptionMatches(PyExc_AttributeError) && !PyErr_ExceptionMatches(PyExc_TypeError) &&
            !PyErr_ExceptionMatches(PyExc_ValueError))
                return -1;
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "Invalid file object: %R", file);
        return -1;
}

int loop_descriptor_of(PyObject *file, int *fd)
{
        PyObject *number = PyLong_Check(file) ? Py_NewRef(file) : PyObject_CallMethodNoArgs(file, names.fileno);
        long value = -1;

        if (number && !PyLong_Check(number))
                Py_SETREF(number, PyNumber_Long(number));
        if (number)
                value = PyLong_AsLong(number);
        Py_XDECREF(number);
        if (value == -1 && PyErr_Occurred())
                return PyLong_Check(file) ? -1 : refuse_file(file);
        if (value < INT_MIN || value > INT_MAX) {
                PyErr_SetString(PyExc_OverflowError, "signed integer is greater than maximum");
                return -1;
        }
        *fd = (int)value;
        return 0;
}

/* ------------------------------------------------------------------------------------------------
 * To whom a descriptor belongs. */

/** Whether a transport that is open has it: 1 and its reference, 0, or -1 with an exception. */
static int find_transport(PyLoop *self, int fd, PyObject **transport)
{
        PyObject *is_closing;
        int rc;

        *transport = fd >= 0 && fd < self->watched_count ? referent(self->watched[fd].transport) : NULL;
        if (!*transport)
                return 0;
        is_closing = PyObject_CallMethodNoArgs(*transport, names.is_closing);
        rc = is_closing ? PyObject_Not(is_closing) : -1;
        Py_XDECREF(is_closing);
        if (rc <= 0)
                Py_CLEAR(*transport);
        return rc;
}

int loop_ensure_no_transport(PyLoop *self, PyObject *shown, int fd)
{
        PyObject *transport;
        int rc = find_transport(self, fd, &transport);

        if (rc > 0 && shown)
                PyErr_Format(PyExc_RuntimeError, "File descriptor %R is used by transport %R", shown,
                             transport);
        else if (rc > 0)
                PyErr_Format(PyExc_RuntimeError, "File descriptor %d is used by transport %R", fd, transport);
        Py_XDECREF(transport);
        return rc ? -1 : 0;
}

/** Whether somebody waits for what has come to a socket that is open still. */
static bool is_waited_for(const struct watched *watched, int fd)
{
        PyObject *socket = watched->waiting ? referent(watched->socket) : NULL;
        int number;
        bool is_open = socket && loop_descriptor_of(socket, &number) == 0 && number == fd;

        if (socket && PyErr_Occurred())
                PyErr_Clear();
        Py_XDECREF(socket);
        return is_open;
}

/** The number is another file's from now on, unless somebody is at it still. */
static void begin_anew(PyLoop *self, int fd)
{
        struct watched *watched = &self->watched[fd];
        PyObject *transport = referent(watched->transport);

        if (!transport && !is_waited_for(watched, fd) && !watched->handles[WATCH_READ] &&
            !watched->handles[WATCH_WRITE])
                loop_forget_descriptor(self->loop, fd);
        watched->comes_large = false;
        Py_XDECREF(transport);
}

static short socket_option(int fd, int option)
{
        int value = 0;

        return getsockopt(fd, SOL_SOCKET, option, &value, &(socklen_t){sizeof value}) == 0 ? (short)value : -1;
}

struct watched *loop_know_socket(PyLoop *self, PyObject *socket, int fd)
{
        struct watched *watched = loop_watched(self, fd);
        PyObject *reference;

        if (!watched || refers_to(watched->socket, socket))
                return watched;
        reference = PyWeakref_NewRef(socket, NULL);
        if (!reference)
                return NULL;
        begin_anew(self, fd);
        watched = &self->watched[fd]; /* it may have moved */
        Py_XSETREF(watched->socket, reference);
        watched->family = socket_option(fd, SO_DOMAIN);
        watched->type = socket_option(fd, SO_TYPE);
        return watched;
}

void loop_let_go_of_socket(PyLoop *self, PyObject *socket, int fd)
{
        if (fd < self->watched_count && refers_to(self->watched[fd].socket, socket))
                begin_anew(self, fd);
}

int loop_set_transport(PyLoop *self, PyObject *transport, PyObject *file, int fd)
{
        PyObject *reference = loop_watched(self, fd) ? PyWeakref_NewRef(transport, NULL) : NULL;

        if (!reference)
                return -1;
        if (self->watched[fd].socket && !refers_to(self->watched[fd].socket, file)) {
                begin_anew(self, fd);
                Py_CLEAR(self->watched[fd].socket);
        }
        Py_XSETREF(self->watched[fd].transport, reference);
        return 0;
}

void loop_unset_transport(PyLoop *self, PyObject *transport, int fd)
{
        if (fd < self->watched_count && refers_to(self->watched[fd].transport, transport))
                Py_CLEAR(self->watched[fd].transport);
}

PyObject *loop_ensure_fd_no_transport(PyObject *op, PyObject *file)
{
        int fd;

        if (loop_descriptor_of(file, &fd) < 0 || loop_ensure_no_transport((PyLoop *)op, file, fd) < 0)
                return NULL;
        Py_RETURN_NONE;
}

PyObject *loop_get_transport(PyObject *op, PyObject *number)
{
        PyLoop *self = (PyLoop *)op;
        PyObject *transport;
        int fd;

        if (loop_descriptor_of(number, &fd) < 0)
                return NULL;
        transport = fd >= 0 && fd < self->watched_count ? referent(self->watched[fd].transport) : NULL;
        return transport ? transport : Py_NewRef(Py_None);
}

/** _note_transport(fd, transport): None takes it out. */
PyObject *loop_note_transport(PyObject *op, PyObject *const *args, Py_ssize_t n)
{
        struct watched *watched = NULL;
        PyObject *reference = NULL;
        int fd;

        if (n != 2) {
                PyErr_SetString(PyExc_TypeError, "a descriptor and a transport are needed");
                return NULL;
        }
        if (loop_descriptor_of(args[0], &fd) == 0)
                watched = loop_watched((PyLoop *)op, fd);
        if (!watched || (args[1] != Py_None && !(reference = PyWeakref_NewRef(args[1], NULL))))
                return NULL;
        Py_XSETREF(((PyLoop *)op)->watched[fd].transport, reference);
        Py_RETURN_NONE;
}
