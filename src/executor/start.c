#include "executor/start.h"

#include "base/sys.h"
#include <stdio.h>

int thread_start(pthread_t *thread, size_t stack_size, void *(*fn)(void *arg), void *arg)
{
        pthread_attr_t attributes;
        pthread_t nobodys;
        sigset_t all, before;
        int rc = 0;

        pthread_attr_init(&attributes);
        if (!thread)
                pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        if (stack_size)
                rc = -pthread_attr_setstacksize(&attributes, stack_size);
        if (rc == 0) {
                sigfillset(&all);
                pthread_sigmask(SIG_SETMASK, &all, &before);
                rc = sys_thread_create(thread ? thread : &nobodys, &attributes, fn, arg);
                pthread_sigmask(SIG_SETMASK, &before, NULL);
        }
        pthread_attr_destroy(&attributes);
        return rc;
}

void thread_set_name(const char *name)
{
        char copy[THREAD_NAME_SIZE];

        snprintf(copy, sizeof copy, "%s", name);
        pthread_setname_np(pthread_self(), copy);
}
