/* There are two buffers: one that lines are added to, and one that is being written. They change places when the latter is done with. Who
 * is stuck in a write is left there at the end. */
#include "log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 1024 * 1024, END_SECONDS = 2 };

struct log_writer {
        pthread_t thread;
        pthread_mutex_t mutex; /* of what follows, up to the thread's own */
        pthread_cond_t added;
        size_t size;      /* of what was added */
        bool is_full;     /* and nothing is added, so that what is missing is missing in one place */
        uint64_t dropped; /* lines behind it */
        int next_fd;      /* -1: none */
        size_t before;    /* bytes of what was added that are not for that one yet */
        bool is_ending, is_writing;
        char *buffer;

        eddy_http_log_format format;
        int fd, lock;
        char *batch; /* that is being written */
};

/* What the thread has taken. */
struct batch {
        size_t size, before;
        uint64_t dropped;
        int next_fd;
};

static uint64_t count_lines(const char *text, size_t n)
{
        uint64_t count = 0;

        for (size_t i = 0; i < n; i++)
                count += text[i] == '\n';
        return count;
}

/* Whole, in spite of signals, of pipes that take little, and of those who do not wait. How many lines were lost. */
static uint64_t write_all(int fd, const char *text, size_t n)
{
        while (n > 0) {
                ssize_t written = write(fd, text, n);

                if (written >= 0) {
                        text += written;
                        n -= (size_t)written;
                } else if (errno == EAGAIN) {
                        poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
                } else if (errno != EINTR) {
                        break;
                }
        }
        return count_lines(text, n);
}

/* A line that no program takes for a request. */
static uint64_t tell_dropped(const struct log_writer *writer, uint64_t count)
{
        char text[128], when[32] = "";
        time_t now = time(NULL);
        struct tm utc;
        int n;

        if (count == 0)
                return 0;
        if (gmtime_r(&now, &utc))
                strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
        if (writer->format == EDDY_HTTP_LOG_JSON)
                n = snprintf(text, sizeof text, "{\"time\":\"%s\",\"dropped\":%" PRIu64 "}\n", when, count);
        else
                n = snprintf(text, sizeof text,
                             "# %s: %" PRIu64 " lines are missing here: the log was not taken in time\n", when,
                             count);
        return write_all(writer->fd, text, (size_t)n) > 0 ? count : 0;
}

/* The lock is the process's, so that one that is killed in its midst holds up nobody. */
static void take_turn(int lock, short type)
{
        struct flock range = {.l_type = type, .l_whence = SEEK_SET};

        while (lock >= 0 && fcntl(lock, F_SETLKW, &range) < 0 && errno == EINTR)
                ;
}

/* How many lines were lost. */
static uint64_t write_batch(struct log_writer *writer, const struct batch *batch)
{
        size_t before = batch->next_fd >= 0 ? batch->before : 0;
        uint64_t lost = 0;

        take_turn(writer->lock, F_WRLCK);
        if (batch->next_fd >= 0) {
                lost += write_all(writer->fd, writer->batch, before);
                close(writer->fd);
                writer->fd = batch->next_fd;
        }
        lost += write_all(writer->fd, writer->batch + before, batch->size - before);
        lost += tell_dropped(writer, batch->dropped);
        take_turn(writer->lock, F_UNLCK);
        return lost;
}

static struct batch take_batch(struct log_writer *writer)
{
        struct batch batch = {writer->size, writer->before, writer->dropped, writer->next_fd};
        char *text = writer->buffer;

        writer->buffer = writer->batch;
        writer->batch = text;
        writer->size = 0;
        writer->is_full = false;
        writer->dropped = 0;
        writer->next_fd = -1;
        return batch;
}

static void *write_lines(void *arg)
{
        struct log_writer *writer = arg;

        pthread_mutex_lock(&writer->mutex);
        while (!writer->is_ending || writer->size > 0) {
                if (writer->size > 0 || writer->next_fd >= 0) {
                        struct batch batch = take_batch(writer);
                        uint64_t lost;

                        writer->is_writing = true;
                        pthread_mutex_unlock(&writer->mutex);
                        lost = write_batch(writer, &batch);
                        pthread_mutex_lock(&writer->mutex);
                        writer->is_writing = false;
                        writer->dropped += lost;
                } else {
                        pthread_cond_wait(&writer->added, &writer->mutex);
                }
        }
        pthread_mutex_unlock(&writer->mutex);
        return NULL;
}

static void destroy(struct log_writer *writer)
{
        if (writer->next_fd >= 0)
                close(writer->next_fd);
        close(writer->fd);
        pthread_cond_destroy(&writer->added);
        pthread_mutex_destroy(&writer->mutex);
        free(writer->buffer);
        free(writer->batch);
        free(writer);
}

/* Signals are the loop's. */
static int start(struct log_writer *writer)
{
        sigset_t all, before;
        int rc;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        rc = pthread_create(&writer->thread, NULL, write_lines, writer);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return rc;
}

struct log_writer *log_writer_create(int fd, int lock, eddy_http_log_format format)
{
        struct log_writer *writer = calloc(1, sizeof *writer);

        if (!writer) {
                close(fd);
                return NULL;
        }
        pthread_mutex_init(&writer->mutex, NULL);
        pthread_cond_init(&writer->added, NULL);
        writer->fd = fd;
        writer->next_fd = -1;
        writer->lock = lock;
        writer->format = format;
        writer->buffer = malloc(SIZE);
        writer->batch = malloc(SIZE);
        if (!writer->buffer || !writer->batch || start(writer) != 0) {
                destroy(writer);
                return NULL;
        }
        return writer;
}

void log_writer_add(struct log_writer *writer, const eddy_http_access *access)
{
        size_t room, n;

        pthread_mutex_lock(&writer->mutex);
        room = SIZE - writer->size;
        n = eddy_http_log_print(writer->buffer + writer->size, room, writer->format, time(NULL), access);
        writer->is_full |= n >= room;
        if (writer->is_full)
                writer->dropped++;
        else
                writer->size += n;
        pthread_mutex_unlock(&writer->mutex);
}

void log_writer_add_text(struct log_writer *writer, const char *text, size_t n)
{
        pthread_mutex_lock(&writer->mutex);
        writer->is_full |= n > SIZE - writer->size;
        if (writer->is_full) {
                writer->dropped += count_lines(text, n);
        } else {
                memcpy(writer->buffer + writer->size, text, n);
                writer->size += n;
        }
        pthread_mutex_unlock(&writer->mutex);
}

bool log_writer_is_behind(struct log_writer *writer)
{
        bool is_behind;

        pthread_mutex_lock(&writer->mutex);
        is_behind = writer->size > 0 || writer->is_writing;
        pthread_mutex_unlock(&writer->mutex);
        return is_behind;
}

void log_writer_wake(struct log_writer *writer)
{
        pthread_cond_signal(&writer->added);
}

void log_writer_set_fd(struct log_writer *writer, int fd)
{
        pthread_mutex_lock(&writer->mutex);
        if (writer->next_fd >= 0)
                close(writer->next_fd); /* nothing has been written there yet */
        else
                writer->before = writer->size;
        writer->next_fd = fd;
        pthread_mutex_unlock(&writer->mutex);
        log_writer_wake(writer);
}

bool log_writer_end(struct log_writer *writer)
{
        struct timespec until;
        bool is_whole;

        if (!writer)
                return true;
        pthread_mutex_lock(&writer->mutex);
        writer->is_ending = true;
        pthread_mutex_unlock(&writer->mutex);
        log_writer_wake(writer);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += END_SECONDS;
        if (pthread_timedjoin_np(writer->thread, NULL, &until) != 0) {
                pthread_detach(writer->thread); /* what it has is its own until the process ends */
                return false;
        }
        is_whole = writer->dropped == 0;
        destroy(writer);
        return is_whole;
}
