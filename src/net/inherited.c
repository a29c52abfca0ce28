/* Sockets that a program was started with. */
#include "base/sys_pipe.h"
#include <eddy/server.h>
#include <stdlib.h>

enum { FIRST = 3 }; /* after standard input, output and error */

/** A number in the environment: 0 where there is none, or -EINVAL. */
static long find_number(const char *name, long most)
{
        const char *text = getenv(name);
        char *end;
        long number;

        if (!text)
                return 0;
        number = strtol(text, &end, 10);
        return *text < '0' || *text > '9' || *end || number > most ? -EINVAL : number;
}

int eddy_listen_fds(int *first)
{
        long pid = find_number("LISTEN_PID", INT32_MAX), count = find_number("LISTEN_FDS", INT32_MAX - FIRST);

        *first = FIRST;
        if (pid < 0 || count < 0)
                return -EINVAL;
        if (pid != getpid())
                return 0;
        for (int fd = FIRST; fd < FIRST + count; fd++) {
                int rc = sys_set_cloexec(fd);

                if (rc < 0)
                        return rc;
        }
        return (int)count;
}
