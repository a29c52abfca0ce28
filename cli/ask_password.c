/* Signals wait while the terminal shows nothing, and are looked for beside what is typed. */
#include "ask_password.h"
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* A terminal, and what may end the asking besides an answer. */
struct asking {
        int terminal;
        int signals; /* signalfd(): those that are held back */
        sigset_t held;
};

/* What would end this program, or stop it: not what it was started to ignore. */
static void choose_signals(sigset_t *chosen)
{
        static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGALRM, SIGUSR1, SIGUSR2};
        struct sigaction action;

        sigemptyset(chosen);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                if (sigaction(all[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
                        sigaddset(chosen, all[i]);
}

/* Wait for something typed: 0, or the signal that came before it. */
static int wait_for_typing(const struct asking *asking)
{
        struct pollfd fds[] = {{.fd = asking->terminal, .events = POLLIN},
                               {.fd = asking->signals, .events = POLLIN}};
        struct signalfd_siginfo info;

        while (poll(fds, 2, -1) < 0 && errno == EINTR)
                ;
        return read(asking->signals, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

/* A line, up to its end, which is not kept. 0, or a signal; *length: less than 0 where it is none. */
static int read_line(const struct asking *asking, char *line, size_t size, ssize_t *length)
{
        size_t n = 0;

        *length = -1;
        while (n < size) {
                int signal = wait_for_typing(asking);
                ssize_t got = signal ? 0 : read(asking->terminal, line + n, size - n);

                if (signal)
                        return signal;
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return 0;
                n += (size_t)got;
                if (line[n - 1] == '\n') {
                        *length = (ssize_t)n - 1;
                        line[n - 1] = '\0';
                        return 0;
                }
        }
        return 0;
}

/* Likewise, on a terminal that is made silent for it. Before anything is looked at it has to be ours: in the background the kernel stops who
 * flushes it, and what it is set to there may be the shell's. */
static int read_silently(const struct asking *asking, char *line, size_t size, ssize_t *length)
{
        struct termios before, silent;
        int signal;

        *length = -1;
        if (tcflush(asking->terminal, TCIFLUSH) < 0 || tcgetattr(asking->terminal, &before) < 0)
                return 0;
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        if (tcsetattr(asking->terminal, TCSAFLUSH, &silent) < 0)
                return 0;
        dprintf(asking->terminal, "password: ");
        signal = read_line(asking, line, size, length);
        tcsetattr(asking->terminal, TCSAFLUSH, &before);
        dprintf(asking->terminal, "\n");
        return signal;
}

/* Let a signal have the effect that was held back. */
static void let_through(const struct asking *asking, int signal)
{
        sigset_t one;

        sigemptyset(&one);
        sigaddset(&one, signal);
        raise(signal);
        sigprocmask(SIG_UNBLOCK, &one, NULL);
        sigprocmask(SIG_BLOCK, &asking->held, NULL);
}

static int ask(const struct asking *asking, const char *command, char *password, size_t size)
{
        ssize_t length;
        int signal;

        while ((signal = read_silently(asking, password, size, &length)) != 0)
                let_through(asking, signal);
        return length >= 0
                   ? 0
                   : cli_usage_error(command, "--user: no password was typed, or one of more than %zu bytes",
                                     size - 1);
}

int ask_password(const char *command, char *password, size_t size)
{
        struct asking asking = {.terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)};
        sigset_t before;
        int rc;

        if (asking.terminal < 0)
                return cli_usage_error(
                    command, "--user: there is no terminal to ask for the password; name a file, as @FILE");
        choose_signals(&asking.held);
        sigprocmask(SIG_BLOCK, &asking.held, &before);
        asking.signals = signalfd(-1, &asking.held, SFD_CLOEXEC | SFD_NONBLOCK);
        if (asking.signals >= 0) {
                rc = ask(&asking, command, password, size);
                close(asking.signals);
        } else {
                fprintf(stderr, "%s: --user: cannot ask for the password: %m\n", command);
                rc = CLI_FAILED;
        }
        sigprocmask(SIG_SETMASK, &before, NULL);
        close(asking.terminal);
        return rc;
}
