/* What the contestants of the rows of files share: a file whose content lies in memory. */
#ifndef EDDY_BENCH_FILE_H
#define EDDY_BENCH_FILE_H

#include "bench.h"
#include <unistd.h>

enum { FILE_BLOCK = 4096, FILE_BLOCKS = 4096, FILE_READS = 200000, FILE_WRITES = 50000 };

#define FILE_ON_DISK   "/tmp/eddy-bench-XXXXXX"     /* in the page cache, */
#define FILE_IN_MEMORY "/dev/shm/eddy-bench-XXXXXX" /* and nowhere else */

/** A file without a name, of FILE_BLOCKS blocks that were just written; -1 where it cannot be. */
static inline int file_create(const char *template)
{
        char name[sizeof FILE_IN_MEMORY], block[FILE_BLOCK];
        int fd = mkstemp(strcpy(name, template));

        if (fd < 0)
                return -1;
        unlink(name);
        memset(block, 'x', sizeof block);
        for (int i = 0; i < FILE_BLOCKS; i++)
                if (write(fd, block, sizeof block) != sizeof block)
                        return -1;
        return fd;
}

/** The offset of a block chosen at random. */
static inline off_t file_choose(uint64_t *state)
{
        return (off_t)(bench_random(state) % FILE_BLOCKS) * FILE_BLOCK;
}

#endif
