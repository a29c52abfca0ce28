#include "child/standard.h"

#include "base/sys_pipe.h"

/** A pipe between us and the child: 0 or an error. */
static int open_pipe(struct standard *standard, int which)
{
        int own = which == STDIN_FILENO ? 1 : 0, ends[2], rc = sys_pipe(ends);

        if (rc < 0)
                return rc;
        standard->pipes[which] = ends[own];
        standard->fds[which] = ends[1 - own];
        standard->ours[which] = true;
        return sys_set_mode(ends[own], O_NONBLOCK);
}

/** Make what one of the child's standard descriptors is to be: 0 or an error. */
static int redirect(struct standard *standard, int which, int what)
{
        int rc;

        switch (what) {
        case EDDY_INHERIT:
                return 0;
        case EDDY_PIPE:
                return open_pipe(standard, which);
        case EDDY_DEVNULL:
                rc = sys_reopen("/dev/null", O_RDWR);
                if (rc < 0)
                        return rc;
                standard->fds[which] = rc;
                standard->ours[which] = true;
                return 0;
        case EDDY_STDOUT:
                if (which != STDERR_FILENO)
                        return -EINVAL;
                rc = standard->fds[STDOUT_FILENO];
                standard->fds[which] = rc < 0 ? STDOUT_FILENO : rc;
                return 0;
        default:
                standard->fds[which] = what;
                return what < 0 ? -EINVAL : 0;
        }
}

/** Whether a child can be had as asked for: 0, -EBADF or -EINVAL. */
static int check(char *const argv[], const eddy_process_options *options)
{
        if (!argv || !argv[0])
                return -EINVAL;
        if (options->join_group < 0 || (options->join_group && (options->new_group || options->new_session)))
                return -EINVAL;
        for (size_t i = 0; i < options->fd_count; i++) {
                if (options->fds[i].fd < 0)
                        return -EBADF;
                if (options->fds[i].child_fd < STANDARD_FDS)
                        return -EINVAL;
                for (size_t j = 0; j < i; j++)
                        if (options->fds[i].child_fd == options->fds[j].child_fd)
                                return -EINVAL;
        }
        return 0;
}

int standard_open(struct standard *standard, char *const argv[], const eddy_process_options *options)
{
        const int redirects[] = {options->in, options->out, options->err};
        int rc = check(argv, options);

        *standard = (struct standard){.fds = {-1, -1, -1}, .pipes = {-1, -1, -1}};
        for (int i = 0; i < STANDARD_FDS && rc == 0; i++)
                rc = redirect(standard, i, redirects[i]);
        return rc;
}

void standard_close(struct standard *standard)
{
        for (int i = 0; i < STANDARD_FDS; i++) {
                if (standard->ours[i])
                        sys_close(standard->fds[i]);
                if (standard->pipes[i] >= 0)
                        sys_close(standard->pipes[i]);
        }
}
