#include "serve_workers.h"

#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CRASHES_MAX = 5, CRASHES_SECONDS = 10 /* more within that time, and it is of no use */ };

struct workers {
        const struct workers_options *options;
        pid_t *pids; /* 0: it has ended */
        sigset_t awaited, before;
        unsigned left; /* how many run */
        bool is_stopping;
        time_t crashes[CRASHES_MAX]; /* when the last were, in turn */
        unsigned crash_count;
        int exit_code;
};

static time_t now(void)
{
        struct timespec moment;

        clock_gettime(CLOCK_MONOTONIC, &moment);
        return moment.tv_sec;
}

/* What a worker does. A process group of its own: Ctrl-C reaches who looks after them, who tells them once; and who looks after them may be killed
 * without a word, which ends them. */
__attribute__((noreturn)) static void be_worker(const struct workers *workers, unsigned index, pid_t parent)
{
        int exit_code;

        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
                _exit(CLI_FAILED);
        setpgid(0, 0);
        signal(SIGTTOU, SIG_IGN);
        if (workers->options
                ->passes_reload) { /* until it looks after them itself: what they ask for is done by then */
                signal(SIGHUP, SIG_IGN);
                signal(SIGUSR1, SIG_IGN);
        }
        sigprocmask(SIG_SETMASK, &workers->before, NULL);
        exit_code = workers->options->work(index, workers->options->arg);
        fflush(NULL);
        _exit(exit_code);
}

static int start(struct workers *workers, unsigned index)
{
        pid_t parent = getpid(), pid;

        fflush(NULL); /* or they would say again what is said by now */
        pid = fork();
        if (pid == 0)
                be_worker(workers, index, parent);
        if (pid < 0) {
                fprintf(stderr, "eddy serve: cannot start worker %u: %s\n", index, strerror(errno));
                return CLI_FAILED;
        }
        workers->pids[index] = pid;
        workers->left++;
        return CLI_OK;
}

static void tell(const struct workers *workers, int signum)
{
        for (unsigned i = 0; i < workers->options->count; i++)
                if (workers->pids[i] > 0)
                        kill(workers->pids[i], signum);
}

static void stop(struct workers *workers, int signum)
{
        if (!workers->is_stopping)
                workers->options->on_stop(workers->options->arg);
        workers->is_stopping = true;
        tell(workers, signum);
}

static void give_up(struct workers *workers, int exit_code)
{
        if (workers->exit_code == CLI_OK)
                workers->exit_code = exit_code;
        stop(workers, SIGTERM);
}

static bool crashes_again_and_again(struct workers *workers)
{
        time_t *oldest = &workers->crashes[workers->crash_count++ % CRASHES_MAX], before = *oldest;

        *oldest = now();
        return workers->crash_count > CRASHES_MAX && *oldest - before < CRASHES_SECONDS;
}

static void note_crash(struct workers *workers, unsigned index, pid_t pid, int signum)
{
        if (crashes_again_and_again(workers)) {
                fprintf(stderr,
                        "eddy serve: worker %u, process %d, was ended by signal %d (%s), and so were others: "
                        "giving up\n",
                        index, (int)pid, signum, strsignal(signum));
                give_up(workers, CLI_FAILED);
                return;
        }
        fprintf(stderr,
                "eddy serve: worker %u, process %d, was ended by signal %d (%s); another takes its place\n",
                index, (int)pid, signum, strsignal(signum));
        if (start(workers, index) != CLI_OK)
                give_up(workers, CLI_FAILED);
}

static void note_end(struct workers *workers, pid_t pid, int status)
{
        for (unsigned i = 0; i < workers->options->count; i++) {
                if (workers->pids[i] != pid)
                        continue;
                workers->pids[i] = 0;
                workers->left--;
                if (WIFSIGNALED(status) && !workers->is_stopping)
                        note_crash(workers, i, pid, WTERMSIG(status));
                else if (WIFEXITED(status) && (WEXITSTATUS(status) != CLI_OK || !workers->is_stopping))
                        give_up(workers, WEXITSTATUS(status));
        }
}

static void look_after(struct workers *workers)
{
        while (workers->left > 0) {
                int status, signum = sigwaitinfo(&workers->awaited, NULL);
                pid_t pid;

                if (signum == SIGINT || signum == SIGTERM)
                        stop(workers, signum);
                else if (signum == SIGHUP || signum == SIGUSR1)
                        tell(workers, signum);
                while (workers->left > 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0)
                        note_end(workers, pid, status);
        }
}

int workers_run(const struct workers_options *options)
{
        struct workers workers = {.options = options, .exit_code = CLI_OK};

        workers.pids = calloc(options->count, sizeof *workers.pids);
        if (!workers.pids) {
                fputs("eddy serve: no memory\n", stderr);
                return CLI_FAILED;
        }
        sigemptyset(&workers.awaited);
        sigaddset(&workers.awaited, SIGINT);
        sigaddset(&workers.awaited, SIGTERM);
        sigaddset(&workers.awaited, SIGCHLD);
        if (options->passes_reload) {
                sigaddset(&workers.awaited, SIGHUP);
                sigaddset(&workers.awaited, SIGUSR1);
        }
        sigprocmask(SIG_BLOCK, &workers.awaited, &workers.before);
        for (unsigned i = 0; i < options->count && !workers.is_stopping; i++)
                if (start(&workers, i) != CLI_OK)
                        give_up(&workers, CLI_FAILED);
        look_after(&workers);
        sigprocmask(SIG_SETMASK, &workers.before, NULL);
        free(workers.pids);
        return workers.exit_code;
}
