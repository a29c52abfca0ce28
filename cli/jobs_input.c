#include "jobs_input.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAYLOAD_MOST = 16 << 20 };

int jobs_read_input(char **data, size_t *size)
{
        eddy_stream *stream;
        ssize_t n;
        int rc = eddy_open_stdio(&stream, STDIN_FILENO, 0);

        if (rc < 0)
                return rc;
        n = eddy_stream_read_all(stream, data, PAYLOAD_MOST);
        *size = n > 0 ? (size_t)n : 0;
        eddy_stream_destroy(stream);
        if (n == EDDY_ELIMIT)
                return eddy_fail(-EMSGSIZE, "the payload is larger than 16 MiB");
        return n < 0 ? (int)n : 0;
}

int jobs_open_lines(eddy_stream **lines)
{
        return eddy_open_stdio(lines, STDIN_FILENO, PAYLOAD_MOST);
}

size_t jobs_input_size(void)
{
        struct stat status;

        return fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode) ? (size_t)status.st_size : 0;
}
