/* What transports of ours have in common as subclasses of asyncio's: asyncio's own part of an instance comes first, ours behind
 * it. */
#ifndef EDDYLOOP_SUBCLASS_H
#define EDDYLOOP_SUBCLASS_H

#include "core.h"

#include <structmember.h>

/** Where ours begins, and where asyncio's _extra lies. */
extern Py_ssize_t subclass_tail, subclass_extra;

/** Find these out, before any type is made: 0, or -1 with an exception. */
int subclass_prepare(void);

/** Our part of an instance, and the instance of a part. */
static inline void *subclass_part(PyObject *object)
{
        return (char *)object + subclass_tail;
}

static inline PyObject *subclass_object(void *part)
{
        return (PyObject *)(void *)((char *)part - subclass_tail);
}

/** What get_extra_info() tells. */
static inline PyObject **subclass_extra_of(PyObject *object)
{
        return (PyObject **)(void *)((char *)object + subclass_extra);
}

/** Have members that are described by their place in our part lie where that does. Once for each table. */
void subclass_place(PyMemberDef *members);

/** A type whose part is of a size, below `bases`, which is given and may be NULL with an exception; it is also put into the module. */
PyTypeObject *subclass_create(PyObject *module, const char *name, PyObject *bases, PyType_Slot *slots,
                              size_t size);

/** As tp_dealloc, of a type that is finalized and cleared. */
void subclass_dealloc(PyObject *self, PyObject **weak_references, inquiry clear);

/** Close a Python socket, or file, that is held, and hold it no more; what it raises is told as unraisable. */
void close_python_socket(PyObject **held);

#endif
