/* How threads of ours are started. */
#ifndef EXECUTOR_START_H
#define EXECUTOR_START_H

#include <pthread.h>
#include <stddef.h>

enum { THREAD_NAME_SIZE = 16 /* the kernel keeps no more */ };

/** Start a thread, all of whose signals are the other threads' to handle.
 *
 * @param thread      receives it, to be joined; NULL: nobody will
 * @param stack_size  bytes; 0: the system's default
 * @return 0, -EAGAIN, or -EINVAL for a stack that is too small
 */
int thread_start(pthread_t *thread, size_t stack_size, void *(*fn)(void *arg), void *arg);

/** Name the calling thread, for debuggers. */
void thread_set_name(const char *name);

#endif
