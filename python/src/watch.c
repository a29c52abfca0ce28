/* Descriptors that are watched: add_reader() and what is like it. */
#include "watch.h"

/** The number of what was given once before, and may be closed since: -1 with ValueError where that is nowhere. */
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

/** Watch a descriptor for args[1], called with what follows: its handle, or NULL with an exception. */
static PyObject *add(PyLoop *self, int fd, PyObject *const *args, Py_ssize_t n, enum watch_direction direction)
{
        struct watched *watched;
        PyObject *handle, *old;
        int rc;

        if (loop_check_here(self) < 0 || !loop_watched(self, fd))
                return NULL;
        handle = handle_create(self, args[1], tuple_of(args + 2, n - 2), NULL);
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
                let_go_of_file(self, fd);
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

/** Have what another thread has cancelled be watched no more. */
static PyObject *drop_cancelled(PyObject *op, PyObject *number)
{
        PyLoop *self = (PyLoop *)op;
        int fd;

        if (loop_descriptor_of(number, &fd) < 0)
                return NULL;
        for (enum watch_direction i = WATCH_READ; i <= WATCH_WRITE && fd < self->watched_count; i++)
                if (self->watched[fd].handles[i] && handle_is_cancelled(self->watched[fd].handles[i]))
                        drop(self, fd, i);
        Py_RETURN_NONE;
}

/** As drop() in another thread than the loop's, which does the rest soon. */
static int drop_there(PyLoop *self, int fd, enum watch_direction direction)
{
        static PyMethodDef there = {"remove_reader", drop_cancelled, METH_O, NULL};
        PyObject *handle = fd < self->watched_count ? self->watched[fd].handles[direction] : NULL;
        PyObject *number, *done;

        if (!handle || handle_is_cancelled(handle))
                return 0;
        Py_INCREF(handle); /* which the loop's thread may replace meanwhile */
        handle_cancel(handle);
        Py_DECREF(handle);
        number = PyLong_FromLong(fd);
        done = number ? loop_call_there(self, &there, (PyObject *)self, number) : NULL;
        Py_XDECREF(number);
        Py_XDECREF(done);
        return done ? 1 : -1;
}

static bool has_callback(Py_ssize_t n, const char *function)
{
        if (n < 2)
                PyErr_Format(PyExc_TypeError, "%s() missing %zd required positional argument%s", function,
                             2 - n, n == 0 ? "s: 'fd' and 'callback'" : ": 'callback'");
        return n >= 2;
}

static PyObject *add_for_asyncio(PyObject *op, PyObject *const *args, Py_ssize_t n,
                                 enum watch_direction direction)
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
        int fd, rc;

        if (self->is_closed || !self->loop)
                Py_RETURN_FALSE;
        if (known_descriptor_of(self, file, &fd) < 0)
                return NULL;
        rc = loop_is_here(self) ? drop(self, fd, direction) : drop_there(self, fd, direction);
        return rc < 0 ? NULL : PyBool_FromLong(rc);
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
                for (enum watch_direction i = WATCH_READ; i <= WATCH_WRITE; i++)
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
