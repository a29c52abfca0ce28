/* Files that transports send, and what is told of them. */
#ifndef TESTS_TRANSPORT_FILES_H
#define TESTS_TRANSPORT_FILES_H

#include "recorder.h"

#include <sys/mman.h>

/** What was told of a file. */
struct told {
        unsigned count;
        ssize_t sent;
        void (*act)(struct told *told);
        struct recorder *recorder;
};

static inline void note(void *arg, ssize_t sent)
{
        struct told *told = arg;

        told->count++;
        told->sent = sent;
        if (told->recorder)
                assert_int_equal(told->recorder->count[LOST], 0);
        if (told->act)
                told->act(told);
}

/** A file without a name, of n bytes of the pattern. */
static inline int file_of(size_t n)
{
        char *bytes = malloc(n);
        int fd = memfd_create("pattern", MFD_CLOEXEC);

        fill(bytes, n, 0);
        assert_int_equal(write(fd, bytes, n), n);
        free(bytes);
        return fd;
}

#endif
