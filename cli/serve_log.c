/* Lines of several processes do not mix: a file that is appended to takes each piece as a whole, and for pipes and terminals, which do not,
 * they take turns. */
#include "serve_log.h"

#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 32 * 1024 }; /* more than a line can have */

static int open_file(const char *path)
{
        return strcmp(path, "-") == 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                                      : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
}

static bool is_regular(int fd)
{
        struct stat status;

        return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (fcntl(fd, F_GETFL) & O_APPEND);
}

static int read_format(eddy_http_log_format *format, const char *name)
{
        static const char *const names[] = {[EDDY_HTTP_LOG_COMMON] = "common",
                                            [EDDY_HTTP_LOG_COMBINED] = "combined",
                                            [EDDY_HTTP_LOG_JSON] = "json"};

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (strcmp(names[i], name) == 0) {
                        *format = (eddy_http_log_format)i;
                        return CLI_OK;
                }
        return cli_usage_error("eddy serve", "--log-format takes common, combined or json, not '%s'", name);
}

int serve_log_open(struct serve_log *log, const char *path, const char *format, bool is_verbose, bool is_shared)
{
        int rc;

        *log = (struct serve_log){.path = path, .fd = -1, .lock = -1, .is_verbose = is_verbose};
        rc = read_format(&log->format, format ? format : "combined");
        if (rc != CLI_OK || !path)
                return rc;
        log->fd = open_file(path);
        if (log->fd < 0) {
                fprintf(stderr, "eddy serve: cannot log to %s: %s\n", path, strerror(errno));
                return CLI_FAILED;
        }
        if (is_shared && !is_regular(log->fd)) {
                log->lock = memfd_create("eddy-serve-log", MFD_CLOEXEC);
                if (log->lock < 0) {
                        fprintf(stderr, "eddy serve: cannot share the log: %s\n", strerror(errno));
                        return CLI_FAILED;
                }
        }
        return CLI_OK;
}

int serve_log_begin(struct serve_log *log)
{
        return log->fd < 0 || log->lock >= 0 ? 0 : eddy_http_log_create(&log->log, log->fd, log->format);
}

void serve_log_reopen(struct serve_log *log)
{
        int fd;

        if (log->fd < 0 || log->lock >= 0 || strcmp(log->path, "-") == 0)
                return;
        fd = open_file(log->path);
        if (fd < 0) {
                fprintf(stderr, "eddy serve: the log is the one from before: %s: %s\n", log->path,
                        strerror(errno));
                return;
        }
        if (log->log)
                eddy_http_log_set_fd(log->log, fd);
        close(log->fd);
        log->fd = fd;
}

bool serve_log_is_wanted(const struct serve_log *log)
{
        return log->is_verbose || log->fd >= 0;
}

static void print(const eddy_http_access *access)
{
        char target[512], printable[512];
        size_t n = access->target_size < sizeof target - 1 ? access->target_size : sizeof target - 1;

        memcpy(target, access->target, n);
        target[n] = '\0';
        cli_printable(printable, sizeof printable, target);
        fprintf(stderr, "%s %s %s %d %lld\n", access->peer, access->method, printable, access->status,
                (long long)access->sent);
}

/* Whole, in spite of signals and of pipes that take little. */
static void write_all(int fd, const char *text, size_t n)
{
        while (n > 0) {
                ssize_t written = write(fd, text, n);

                if (written < 0 && errno != EINTR)
                        break;
                text += written > 0 ? written : 0;
                n -= written > 0 ? (size_t)written : 0;
        }
}

/* The lock is the process's, so that one that is killed in its midst holds up nobody. */
static void take_turn(int lock, short type)
{
        struct flock range = {.l_type = type, .l_whence = SEEK_SET};

        while (fcntl(lock, F_SETLKW, &range) < 0 && errno == EINTR)
                ;
}

static void write_in_turn(const struct serve_log *log, const eddy_http_access *access)
{
        static char line[LINE_SIZE];
        size_t n = eddy_http_log_print(line, sizeof line, log->format, time(NULL), access);

        if (n >= sizeof line)
                return;
        take_turn(log->lock, F_WRLCK);
        write_all(log->fd, line, n);
        take_turn(log->lock, F_UNLCK);
}

void serve_log_request(const eddy_http_access *access, void *arg)
{
        struct serve_log *log = arg;

        if (log->is_verbose)
                print(access);
        if (log->log)
                eddy_http_log_request(access, log->log);
        else if (log->lock >= 0)
                write_in_turn(log, access);
}

void serve_log_end(struct serve_log *log)
{
        eddy_http_log_destroy(log->log);
        log->log = NULL;
}

void serve_log_close(struct serve_log *log)
{
        if (log->fd >= 0)
                close(log->fd);
        if (log->lock >= 0)
                close(log->lock);
}
