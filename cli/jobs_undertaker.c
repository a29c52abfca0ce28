/* PR_SET_PDEATHSIG would do less: it is for a child alone and not for what that has begun, and a shell mostly has begun something. */
#include "jobs_undertaker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINE_FD = 3 };

struct message {
        pid_t group;
        bool has_begun;
};

struct groups {
        pid_t *groups;
        size_t count, most;
};

/* A group has its number as long as it has members; then it may be a stranger's. */
static void drop_ended(struct groups *groups)
{
        for (size_t i = groups->count; i-- > 0;)
                if (kill(-groups->groups[i], 0) < 0)
                        groups->groups[i] = groups->groups[--groups->count];
}

/* That one has ended may never have been told, so what is there is looked through when another one has begun. */
static void take(struct groups *groups, const struct message *message)
{
        if (message->has_begun)
                drop_ended(groups);
        if (message->has_begun && groups->count < groups->most)
                groups->groups[groups->count++] = message->group;
        for (size_t i = 0; !message->has_begun && i < groups->count; i++)
                if (groups->groups[i] == message->group) {
                        groups->groups[i] = groups->groups[--groups->count];
                        return;
                }
}

/* As a worker ends what it has begun. */
static void bury(struct groups *groups)
{
        const struct timespec moment = {.tv_nsec = JOBS_POLL_MS * 1000000L};

        for (size_t i = 0; i < groups->count; i++)
                kill(-groups->groups[i], SIGTERM);
        for (int left = JOBS_GRACE_SECONDS * 1000 / JOBS_POLL_MS; left > 0 && groups->count > 0; left--) {
                drop_ended(groups);
                if (groups->count > 0)
                        nanosleep(&moment, NULL);
        }
        for (size_t i = 0; i < groups->count; i++)
                kill(-groups->groups[i], SIGKILL);
}

/* Nothing of the worker's is kept open, nor anything that could hold up who waits for the end of its output. */
static void let_go(int line)
{
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                dup2(null, fd);
        dup2(line, LINE_FD);
        if (syscall(SYS_close_range, LINE_FD + 1, ~0u, 0) < 0)
                for (int fd = LINE_FD + 1; fd < sysconf(_SC_OPEN_MAX); fd++)
                        close(fd);
}

/* In the child of a process that had threads: nothing but system calls. Signals are not for it: it ends when its worker has. */
static _Noreturn void watch(struct groups *groups, int line)
{
        struct message message;
        ssize_t n;

        prctl(PR_SET_NAME, "eddy-undertaker");
        setsid();
        let_go(line);
        do {
                n = recv(LINE_FD, &message, sizeof message, 0);
                if (n == (ssize_t)sizeof message)
                        take(groups, &message);
        } while (n > 0 || (n < 0 && errno == EINTR));
        bury(groups);
        _exit(0);
}

static int begin(struct jobs_undertaker *undertaker, struct groups *groups)
{
        sigset_t all, before;
        int lines[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lines) < 0)
                return -errno;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        undertaker->pid = fork();
        if (undertaker->pid == 0)
                watch(groups, lines[1]);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        close(lines[1]);
        if (undertaker->pid < 0) {
                close(lines[0]);
                return -errno;
        }
        undertaker->line = lines[0];
        return 0;
}

int jobs_undertaker_start(struct jobs_undertaker *undertaker, size_t most)
{
        struct groups groups = {.groups = calloc(most, sizeof(pid_t)), .most = most};
        int rc = groups.groups ? begin(undertaker, &groups) : -ENOMEM;

        free(groups.groups);
        return rc;
}

/* One that cannot be told, since somebody has stopped or killed it, is not waited for. */
static void tell(const struct jobs_undertaker *undertaker, pid_t group, bool has_begun)
{
        const struct message message = {.group = group, .has_begun = has_begun};

        send(undertaker->line, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void jobs_undertaker_add(const struct jobs_undertaker *undertaker, pid_t group)
{
        tell(undertaker, group, true);
}

void jobs_undertaker_remove(const struct jobs_undertaker *undertaker, pid_t group)
{
        tell(undertaker, group, false);
}

/* There is nothing to bury, and what it has not been told must not be buried. */
void jobs_undertaker_stop(struct jobs_undertaker *undertaker)
{
        kill(undertaker->pid, SIGKILL);
        close(undertaker->line);
        while (waitpid(undertaker->pid, NULL, 0) < 0 && errno == EINTR)
                continue;
}
