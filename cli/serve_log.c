/* Lines of several processes do not mix: a file that is appended to takes each piece as a whole, and for pipes and terminals, which do not,
 * they take turns. A thread of each process writes, for whoever reads may not keep up. */
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
        if (log->fd < 0)
                return 0;
        log->writer = log_writer_create(log->fd, log->lock, log->format);
        log->fd = -1;
        return log->writer ? 0 : -ENOMEM;
}

/* A FIFO that nobody reads is not waited for. */
static int open_anew(const char *path)
{
        int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);

        if (fd >= 0)
                fcntl(fd, F_SETFL, O_APPEND);
        return fd;
}

void serve_log_reopen(struct serve_log *log)
{
        int fd;

        if (!log->path || log->lock >= 0 || strcmp(log->path, "-") == 0)
                return;
        fd = open_anew(log->path);
        if (fd < 0) {
                fprintf(stderr, "eddy serve: the log is the one from before: %s: %s\n", log->path,
                        strerror(errno));
                return;
        }
        if (log->writer) {
                log_writer_set_fd(log->writer, fd);
                return;
        }
        close(log->fd);
        log->fd = fd;
}

bool serve_log_is_wanted(const struct serve_log *log)
{
        return log->is_verbose || log->path;
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

static void write_lines(void *log)
{
        log_writer_wake(((struct serve_log *)log)->writer);
}

void serve_log_request(const eddy_http_access *access, void *arg)
{
        struct serve_log *log = arg;

        if (log->is_verbose)
                print(access);
        if (!log->writer)
                return;
        log_writer_add(log->writer, access);
        if (!eddy_handle_pending(&log->turn) && eddy_call_soon(NULL, &log->turn, write_lines, log) < 0)
                log_writer_wake(log->writer);
}

void serve_log_end(struct serve_log *log)
{
        if (!log->writer)
                return;
        eddy_handle_cancel(&log->turn);
        if (!log_writer_end(log->writer))
                fputs("eddy serve: not all of the log could be written: its last lines are lost\n", stderr);
        log->writer = NULL;
}

void serve_log_close(struct serve_log *log)
{
        if (log->fd >= 0)
                close(log->fd);
        if (log->lock >= 0)
                close(log->lock);
}
