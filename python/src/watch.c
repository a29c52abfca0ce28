/* Descriptors that are watched: add_reader() and what is like it. */
#include "core.h"

/** Who is called for a descriptor, by watch_direction; NULL: nobody. */
struct watched {
        PyObject *handles[2];
};

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

static PyObject *add(PyObject *op, PyObject *const *args, Py_ssize_t n, enum watch_direction direction)
{
        PyLoop *self = (PyLoop *)op;
        PyObject *handle, *old, *packed;
        int fd, rc;

        if (n < 2) {
                PyErr_SetString(PyExc_TypeError, "a descriptor and a callback are needed");
                return NULL;
        }
        if (loop_check_usable(self) < 0)
                return NULL;
        fd = PyObject_AsFileDescriptor(args[0]);
        if (fd < 0 || (fd >= self->watched_count && grow(self, fd) < 0))
                return NULL;
        packed = PyTuple_New(n - 2);
        for (Py_ssize_t i = 2; packed && i < n; i++)
                PyTuple_SET_ITEM(packed, i - 2, Py_NewRef(args[i]));
        handle = handle_create(self, args[1], packed, NULL);
        if (!handle)
                return NULL;
        rc = watch(self, fd, direction, handle);
        old = take_out(self, fd, direction);
        if (old) {
                handle_cancel(old);
                Py_DECREF(old);
        }
        if (rc < 0) {
                Py_DECREF(handle);
                return raise_error(rc);
        }
        self->watched[fd].handles[direction] = Py_NewRef(handle);
        return handle;
}

static PyObject *remove_watcher(PyObject *op, PyObject *descriptor, enum watch_direction direction)
{
        PyLoop *self = (PyLoop *)op;
        PyObject *handle;
        int fd;

        if (self->is_closed || !self->loop)
                Py_RETURN_FALSE;
        fd = PyObject_AsFileDescriptor(descriptor);
        if (fd < 0)
                PyErr_Clear(); /* nobody watches what is none */
        handle = take_out(self, fd, direction);
        if (!handle)
                Py_RETURN_FALSE;
        if (direction == WATCH_READ)
                eddy_remove_reader(self->loop, fd);
        else
                eddy_remove_writer(self->loop, fd);
        handle_cancel(handle);
        Py_DECREF(handle);
        Py_RETURN_TRUE;
}

PyObject *loop_add_reader(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
        return add(self, args, n, WATCH_READ);
}

PyObject *loop_add_writer(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
        return add(self, args, n, WATCH_WRITE);
}

PyObject *loop_remove_reader(PyObject *self, PyObject *fd)
{
        return remove_watcher(self, fd, WATCH_READ);
}

PyObject *loop_remove_writer(PyObject *self, PyObject *fd)
{
        return remove_watcher(self, fd, WATCH_WRITE);
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
        for (int fd = 0; fd < self->watched_count; fd++) {
                for (enum watch_direction i = WATCH_READ; i <= WATCH_WRITE; i++) {
                        PyObject *handle = take_out(self, fd, i);

                        if (!handle)
                                continue;
                        if (i == WATCH_READ)
                                eddy_remove_reader(self->loop, fd);
                        else
                                eddy_remove_writer(self->loop, fd);
                        handle_cancel(handle);
                        Py_DECREF(handle);
                }
        }
        PyMem_Free(self->watched);
        self->watched = NULL;
        self->watched_count = 0;
}

int loop_visit_watched(PyLoop *self, visitproc visit, void *arg)
{
        for (int fd = 0; fd < self->watched_count; fd++)
                for (enum watch_direction i = WATCH_READ; i <= WATCH_WRITE; i++)
                        Py_VISIT(self->watched[fd].handles[i]);
        return 0;
}
