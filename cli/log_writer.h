/* Lines of a log on their way to whoever takes them, in his time: a thread writes them, and the loop never waits for that. */
#ifndef LOG_WRITER_H
#define LOG_WRITER_H

#include <eddy/http_log.h>
#include <stdbool.h>

struct log_writer;

/**
 * Begin.
 *
 * @param fd      the writer's from now on, also where this fails
 * @param lock    what has several processes take turns, the caller's; -1: nothing needs to
 * @param format  of each line
 * @return NULL: there is no memory, or no thread
 */
struct log_writer *log_writer_create(int fd, int lock, eddy_http_log_format format);

/** Have a request's line written, when log_writer_wake() is called. Where 1 MiB waits already it is dropped; how many were is told in their
 * place, once somebody takes more. */
void log_writer_add(struct log_writer *writer, const eddy_http_access *access);

/** The same with lines of text, each with its end. */
void log_writer_add_text(struct log_writer *writer, const char *text, size_t n);

/** Whether something that was added has not been taken yet. */
bool log_writer_is_behind(struct log_writer *writer);

/** Have what was added written. */
void log_writer_wake(struct log_writer *writer);

/** Go on with another descriptor, the writer's from now on, behind what was added until now. */
void log_writer_set_fd(struct log_writer *writer, int fd);

/** Write what is left, for at most 2 s, and give all back: false, where nobody took the last of it, or it could not be written. NULL is
 * allowed. */
bool log_writer_end(struct log_writer *writer);

#endif
