/* Descriptors: add_reader() and what is like it, and to whom they belong. */
#include "watch.h"

#include "loop/operation.h"
#include "transport.h"
#include <sys/socket.h>

static int grow(PyLoop *self, int fd)
{
        int count = self->watched_count ? self->watched_count : 16;
        struct watched *watched;

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

        if (number && PyLong_Check(number))
                value = PyLong_AsLong(number);
        else if (number)
                PyErr_SetNone(PyExc_TypeError);
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

/** Likewise of what was given once before, and may be closed since: -1 with ValueError where that is nowhere. */
static int known_descriptor_of(PyLoop *self, PyObject *file, int *fd)
{
        if (loop_descriptor_of(file, fd) < 0)
                return -1;
        if (*fd >= 0)
                return 0;
        for (int i = 0; !PyLong_Check(file) && i < self->watched_count; i++) {
                if (self->watched[i].file == file) {
                        *fd = i;
                        return 0;
                }
        }
        PyErr_Format(PyExc_ValueError, "Invalid file descriptor: %d", *fd);
        return -1;
}

/* ------------------------------------------------------------------------------------------------
 * To whom a descriptor belongs. */

/** What a weak reference, or NULL, refers to: a new reference, or NULL without an exception. */
static PyObject *referent(PyObject *reference)
{
        PyObject *object = NULL;

        if (!reference)
                return NULL;
#if PY_VERSION_HEX >= 0x030d0000
        if (PyWeakref_GetRef(reference, &object) < 0)
                PyErr_Clear();
#else
        object = PyWeakref_GetObject(reference);
        if (object == Py_None)
                return NULL;
        Py_XINCREF(object);
#endif
        return object;
}

/** Whether a weak reference, or NULL, is one of this object. */
static bool refers_to(PyObject *reference, const PyObject *object)
{
        PyObject *found = referent(reference);

        Py_XDECREF(found);
        return found && found == object;
}

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
                PyErr_Format(PyExc_RuntimeError, "File descriptor %R is used by transport %R", shown, transport);
        else if (rc > 0)
                PyErr_Format(PyExc_RuntimeError, "File descriptor %d is used by transport %R", fd, transport);
        Py_XDECREF(transport);
        return rc ? -1 : 0;
}

/** The number is another file's from now on, unless somebody is at it still. */
static void begin_anew(PyLoop *self, int fd)
{
        struct watched *watched = &self->watched[fd];
        PyObject *transport = referent(watched->transport);

        if (!transport && !watched->handles[WATCH_READ] && !watched->handles[WATCH_WRITE])
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

/* ------------------------------------------------------------------------------------------------
 * Watching. */

/** Callback: the descriptor is ready. */
static void run_watcher(void *handle)
{
        Py_INCREF((PyObject *)handle);
        handle_run(handle);
        Py_DECREF((PyObject *)handle);
}

static int watch(PyLoop *self, int fd, enum watch_direction direction, PyObject *handle)
{
        return direction == WATCH_READ ? eddy_add_reader(self->loop, fd, run_watcher, handle)
                                       : eddy_add_writer(self->loop, fd, run_watcher, handle);
}

/** Take who is called out: a reference, or NULL where there is none. */
static PyObject *take_out(PyLoop *self, int fd, enum watch_direction direction)
{
        PyObject *handle;

        if (fd < 0 || fd >= self->watched_count)
                return NULL;
        handle = self->watched[fd].handles[direction];
        self->watched[fd].handles[direction] = NULL;
        return handle;
}

/** Nobody is called for a descriptor any more: let go of what was given for it. */
static void let_go_of_file(PyLoop *self, int fd)
{
        struct watched *watched = &self->watched[fd];

        if (!watched->handles[WATCH_READ] && !watched->handles[WATCH_WRITE])
                Py_CLEAR(watched->file);
}

static PyObject *pack(PyObject *const *args, Py_ssize_t n)
{
        PyObject *packed = n > 0 ? PyTuple_New(n) : Py_NewRef(imports.empty_tuple);

        for (Py_ssize_t i = 0; packed && i < n; i++)
                PyTuple_SET_ITEM(packed, i, Py_NewRef(args[i]));
        return packed;
}

/** Watch a descriptor for args[1], called with what follows: its handle, or NULL with an exception. */
static PyObject *add(PyLoop *self, int fd, PyObject *const *args, Py_ssize_t n, enum watch_direction direction)
{
        struct watched *watched;
        PyObject *handle, *old;
        int rc;

        if (loop_check_usable(self) < 0 || !loop_watched(self, fd))
                return NULL;
        handle = handle_create(self, args[1], pack(args + 2, n - 2), NULL);
        if (!handle)
                return NULL;
        rc = watch(self, fd, direction, handle);
        old = take_out(self, fd, direction);
        if (rc >= 0) {
                watched = &self->watched[fd];
                watched->handles[direction] = Py_NewRef(handle);
                if (!PyLong_Check(args[0]))
                        Py_XSETREF(watched->file, Py_NewRef(args[0]));
        }
        if (old) {
                handle_cancel(old);
                Py_DECREF(old);
        }
        if (rc < 0) {
                Py_DECREF(handle);
                return raise_error(rc);
        }
        return handle;
}

/** Watch no more: 1, 0 where nobody watched, or -1 with an exception. */
static int drop(PyLoop *self, int fd, enum watch_direction direction)
{
        PyObject *handle = take_out(self, fd, direction);

        if (!handle)
                return 0;
        if (direction == WATCH_READ)
                eddy_remove_reader(self->loop, fd);
        else
                eddy_remove_writer(self->loop, fd);
        let_go_of_file(self, fd);
        handle_cancel(handle);
        Py_DECREF(handle);
        return 1;
}

static bool has_callback(Py_ssize_t n, const char *function)
{
        if (n < 2)
                PyErr_Format(PyExc_TypeError, "%s() missing %zd required positional argument%s", function, 2 - n,
                             n == 0 ? "s: 'fd' and 'callback'" : ": 'callback'");
        return n >= 2;
}

static PyObject *add_for_asyncio(PyObject *op, PyObject *const *args, Py_ssize_t n, enum watch_direction direction)
{
        int fd;

        if (!has_callback(n, direction == WATCH_READ ? "_add_reader" : "_add_writer") ||
            loop_check_usable((PyLoop *)op) < 0 || loop_descriptor_of(args[0], &fd) < 0)
                return NULL;
        return add((PyLoop *)op, fd, args, n, direction);
}

static PyObject *add_for_user(PyObject *op, PyObject *const *args, Py_ssize_t n, enum watch_direction direction)
{
        PyObject *handle;
        int fd;

        if (!has_callback(n, direction == WATCH_READ ? "add_reader" : "add_writer") ||
            loop_descriptor_of(args[0], &fd) < 0 || loop_ensure_no_transport((PyLoop *)op, args[0], fd) < 0)
                return NULL;
        handle = add((PyLoop *)op, fd, args, n, direction);
        if (!handle)
                return NULL;
        Py_DECREF(handle);
        Py_RETURN_NONE;
}

static PyObject *drop_for_asyncio(PyObject *op, PyObject *file, enum watch_direction direction)
{
        PyLoop *self = (PyLoop *)op;
        int fd;

        if (self->is_closed || !self->loop)
                Py_RETURN_FALSE;
        if (known_descriptor_of(self, file, &fd) < 0)
                return NULL;
        return PyBool_FromLong(drop(self, fd, direction));
}

static PyObject *drop_for_user(PyObject *op, PyObject *file, enum watch_direction direction)
{
        int fd;

        if (loop_descriptor_of(file, &fd) < 0 || loop_ensure_no_transport((PyLoop *)op, file, fd) < 0)
                return NULL;
        return drop_for_asyncio(op, file, direction);
}

PyObject *loop_add_reader(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
        return add_for_user(self, args, n, WATCH_READ);
}

PyObject *loop_add_writer(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
        return add_for_user(self, args, n, WATCH_WRITE);
}

PyObject *loop_remove_reader(PyObject *self, PyObject *file)
{
        return drop_for_user(self, file, WATCH_READ);
}

PyObject *loop_remove_writer(PyObject *self, PyObject *file)
{
        return drop_for_user(self, file, WATCH_WRITE);
}

PyObject *loop_add_reader_unasked(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
        return add_for_asyncio(self, args, n, WATCH_READ);
}

PyObject *loop_add_writer_unasked(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
        return add_for_asyncio(self, args, n, WATCH_WRITE);
}

PyObject *loop_remove_reader_unasked(PyObject *self, PyObject *file)
{
        return drop_for_asyncio(self, file, WATCH_READ);
}

PyObject *loop_remove_writer_unasked(PyObject *self, PyObject *file)
{
        return drop_for_asyncio(self, file, WATCH_WRITE);
}

void loop_watch_anew(PyLoop *self)
{
        for (int fd = 0; fd < self->watched_count; fd++)
                for (int i = WATCH_READ; i <= WATCH_WRITE; i++)
                        if (self->watched[fd].handles[i])
                                watch(self, fd, i, self->watched[fd].handles[i]);
}

void loop_forget_watched(PyLoop *self)
{
        struct watched *watched;

        for (int fd = 0; fd < self->watched_count; fd++) {
                drop(self, fd, WATCH_READ);
                drop(self, fd, WATCH_WRITE);
                Py_CLEAR(self->watched[fd].socket);
                Py_CLEAR(self->watched[fd].transport);
        }
        watched = self->watched;
        self->watched = NULL;
        self->watched_count = 0;
        PyMem_Free(watched);
}

int loop_visit_watched(PyLoop *self, visitproc visit, void *arg)
{
        for (int fd = 0; fd < self->watched_count; fd++) {
                const struct watched *watched = &self->watched[fd];

                Py_VISIT(watched->handles[WATCH_READ]);
                Py_VISIT(watched->handles[WATCH_WRITE]);
                Py_VISIT(watched->file);
                Py_VISIT(watched->socket);
                Py_VISIT(watched->transport);
        }
        return 0;
}
