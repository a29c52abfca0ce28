/* Files: what is written is read again, and nothing is lost, leaked or touched late, however a call ends. */
#include "helpers.h"

#include "base/fault.h"
#include "loop/loop.h"
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

enum { BIG = 300 * 1000, MOST_THREADS = 64 /* more than a pool ever has */ };

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

/** What these tests take for something slow. */
int __wrap_fsync(int fd)
{
        pass_gate();
        return __real_fsync(fd);
}

/** What takes the name "whole" when that has been looked at, and before its folder is opened; or NULL. */
static const char *intruder;

int __wrap_openat64(int dir, const char *path, int flags, ...)
{
        if (intruder && flags & O_PATH) {
                assert_int_equal(rename(intruder, "whole"), 0);
                intruder = NULL;
        }
        if (strcmp(path, "slow") == 0)
                pass_gate();
        return __real_openat64(dir, path, flags, 0666);
}

static bool has_nameless_files = true;

int __wrap_open64(const char *path, int flags, ...)
{
        if (!has_nameless_files && (flags & O_TMPFILE) == O_TMPFILE) {
                errno = EOPNOTSUPP;
                return -1;
        }
        return __real_open64(path, flags, 0666);
}

static eddy_file *open_file(const char *path, int flags)
{
        eddy_file *file;

        assert_int_equal(eddy_file_open(&file, path, flags, 0666), 0);
        return file;
}

static eddy_file *open_with(const char *path, const char *content)
{
        put_file(path, content, strlen(content));
        return open_file(path, O_RDWR);
}

static char pattern(size_t i)
{
        return (char)(i * 7 + i / 251);
}

static void written_is_read_again(void)
{
        eddy_file *file = open_file("a", O_RDWR | O_CREAT | O_TRUNC);
        char buffer[32];

        assert_int_equal(eddy_file_write(file, "hello, ", 7), 7);
        assert_int_equal(eddy_file_write(file, "world", 5), 5);
        assert_int_equal(eddy_file_seek(file, 0, SEEK_CUR), 12);
        assert_int_equal(eddy_file_read(file, buffer, sizeof buffer), 0);
        assert_int_equal(eddy_file_seek(file, 0, SEEK_SET), 0);
        assert_int_equal(eddy_file_read(file, buffer, 5), 5);
        assert_int_equal(eddy_file_read(file, buffer + 5, sizeof buffer - 5), 7);
        assert_memory_equal(buffer, "hello, world", 12);
        assert_int_equal(eddy_file_close(file), 0);
        assert_content("a", "hello, world");
}

static void offsets_leave_the_position(void)
{
        eddy_file *file = open_with("a", "0123456789");
        char buffer[8];

        assert_int_equal(eddy_file_read_at(file, buffer, 4, 3), 4);
        assert_memory_equal(buffer, "3456", 4);
        assert_int_equal(eddy_file_write_at(file, "xyz", 3, 9), 3);
        assert_int_equal(eddy_file_seek(file, 0, SEEK_CUR), 0);
        assert_int_equal(eddy_file_read_at(file, buffer, sizeof buffer, 8), 4);
        assert_memory_equal(buffer, "8xyz", 4);
        assert_int_equal(eddy_file_read_at(file, buffer, sizeof buffer, 12), 0);
        assert_int_equal(eddy_file_read_at(file, buffer, sizeof buffer, 1000), 0);
        assert_int_equal(eddy_file_read(file, buffer, 2), 2);
        assert_memory_equal(buffer, "01", 2);
        eddy_file_close(file);
}

static void many_parts(void)
{
        static char out[BIG], in[BIG];
        struct iovec parts[40];
        eddy_file *file = open_file("a", O_RDWR | O_CREAT | O_TRUNC);
        size_t at = 0;

        for (size_t i = 0; i < BIG; i++)
                out[i] = pattern(i);
        for (size_t i = 0; i < 40; i++) {
                size_t n = i == 39 ? BIG - at : i % 5 * 997; /* some are empty */

                parts[i] = (struct iovec){out + at, n};
                at += n;
        }
        assert_int_equal(eddy_file_writev(file, parts, 40, EDDY_FILE_POSITION), BIG);
        assert_int_equal(eddy_file_writev(file, parts, 40, BIG), BIG);
        for (size_t i = 0; i < 40; i++)
                parts[i].iov_base = in + ((char *)parts[i].iov_base - out);
        assert_int_equal(eddy_file_readv(file, parts, 40, BIG), BIG);
        assert_memory_equal(in, out, BIG);
        memset(in, 0, BIG);
        assert_int_equal(eddy_file_seek(file, 0, SEEK_SET), 0);
        assert_int_equal(eddy_file_readv(file, parts, 40, EDDY_FILE_POSITION), BIG);
        assert_memory_equal(in, out, BIG);
        /* Few bytes into parts of which some are never reached, without a thread. */
        assert_int_equal(eddy_file_truncate(file, 3000), 0);
        memset(in, 0, BIG);
        assert_int_equal(eddy_file_readv(file, parts, 20, 0), 3000);
        assert_memory_equal(in, out, 3000);
        assert_int_equal(in[3000], 0);
        eddy_file_close(file);
}

static void as_a_whole(void)
{
        eddy_file *file = open_with("a", "whole");
        char *data;

        assert_int_equal(eddy_file_read_all(file, &data, 5), 5);
        assert_string_equal(data, "whole");
        eddy_free(data);
        assert_int_equal(eddy_file_read_all(file, &data, 0), 0);
        assert_string_equal(data, "");
        eddy_free(data);
        eddy_file_seek(file, 0, SEEK_SET);
        assert_int_equal(eddy_file_read_all(file, &data, 4), EDDY_ELIMIT);
        assert_null(data);
        eddy_file_seek(file, 2, SEEK_SET);
        assert_int_equal(eddy_file_read_all(file, &data, SIZE_MAX), 3);
        assert_string_equal(data, "ole");
        eddy_free(data);
        eddy_file_close(file);

        assert_int_equal(eddy_read_file("a", &data, 5), 5);
        assert_string_equal(data, "whole");
        eddy_free(data);
        assert_int_equal(eddy_read_file("a", &data, 4), EDDY_ELIMIT);
        assert_null(data);
        assert_int_equal(eddy_read_file("missing", &data, 4), -ENOENT);
        assert_null(data);
        assert_int_equal(eddy_read_file(".", &data, 4), -EISDIR);
        put_file("empty", "", 0);
        assert_int_equal(eddy_read_file("empty", &data, 0), 0);
        assert_string_equal(data, "");
        eddy_free(data);
        assert_int_equal(eddy_read_file("/dev/zero", &data, 100 * 1000), EDDY_ELIMIT);
}

/** It says that it has no size, and has more than one chunk. */
static void larger_than_it_says(void)
{
        const char *path = "/proc/self/smaps";
        char *data;

        if (!exists(path)) {
                print_message("skipped: needs %s\n", path);
                return;
        }
        assert_true(eddy_read_file(path, &data, SIZE_MAX) > 4096);
        assert_non_null(strchr(data, '\n'));
        eddy_free(data);
        assert_int_equal(eddy_read_file(path, &data, 4096), EDDY_ELIMIT);
}

static void written_as_a_whole(void)
{
        struct stat status;
        mode_t mask = umask(027);
        unsigned names;
        int before;

        unlink("whole");
        names = count_names(".");
        assert_int_equal(eddy_write_file("whole", "one", 3, 0666), 0);
        assert_content("whole", "one");
        assert_int_equal(stat("whole", &status), 0);
        assert_int_equal(status.st_mode & 0777, 0640);
        before = open("whole", O_RDONLY);
        assert_int_equal(eddy_write_file("whole", "two", 3, 0600), 0);
        assert_content("whole", "two");
        {
                char old[4] = "";

                assert_int_equal(read(before, old, 3), 3);
                assert_string_equal(old, "one");
                close(before);
        }
        assert_int_equal(count_names("."), names + 1);
        assert_int_equal(eddy_write_file("missing/whole", "x", 1, 0600), -ENOENT);
        assert_int_equal(mkdir("inhabited", 0700), 0);
        names++;
        assert_int_equal(eddy_write_file("inhabited", "x", 1, 0600), -EISDIR);
        assert_int_equal(eddy_write_file("whole", "", 0, 0600), 0);
        assert_content("whole", "");
        assert_int_equal(count_names("."), names + 1);
        umask(mask);
}

/** Who has opened what another writer has put there meanwhile reads that to its end. */
static void two_write_the_same_whole(void)
{
        put_file("whole", "one", 3);
        put_file("other", "two", 3);
        assert_int_equal(link("other", "witness"), 0);
        intruder = "other";
        assert_int_equal(eddy_write_file("whole", "three", 5, 0600), 0);
        assert_null(intruder);
        assert_content("whole", "three");
        assert_content("witness", "two");
        unlink("witness");
        /* What is no file is looked at anew, and not replaced. */
        assert_int_equal(mkfifo("other", 0600), 0);
        intruder = "other";
        assert_int_equal(eddy_write_file("whole", "four", 4, 0600), -ENXIO);
        assert_int_equal(unlink("whole"), 0);
}

/** Whatever fails, the file is the old one or the new one, and nothing lies beside it. */
static void failing_as_a_whole(void)
{
        unsigned names;
        int rc = -1;

        put_file("whole", "old", 3);
        names = count_names(".");
        for (unsigned long nth = 1; rc < 0; nth++) {
                fault_arm(nth, 1);
                rc = eddy_write_file("whole", "new", 3, 0600);
                fault_arm(0, 0);
                assert_content("whole", rc < 0 ? "old" : "new");
                assert_int_equal(count_names("."), names);
        }
}

static void what_it_is(void)
{
        eddy_file *file = open_with("a", "0123456789");
        struct stat status;

        assert_int_equal(eddy_file_size(file), 10);
        assert_int_equal(eddy_file_truncate(file, 4), 0);
        assert_int_equal(eddy_file_stat(file, &status), 0);
        assert_int_equal(status.st_size, 4);
        assert_true(S_ISREG(status.st_mode));
        assert_int_equal(eddy_file_sync(file), 0);
        assert_int_equal(eddy_file_datasync(file), 0);
        assert_int_equal(eddy_file_seek(file, 0, SEEK_END), 4);
        assert_int_equal(eddy_file_seek(file, -1, SEEK_SET), -EINVAL);
        assert_int_equal(fcntl(eddy_file_fd(file), F_GETFD), FD_CLOEXEC);
        eddy_file_close(file);
}

static void relative_to_a_folder(void)
{
        int dir;
        eddy_file *file;

        mkdir("dir", 0700);
        dir = open("dir", O_RDONLY | O_DIRECTORY);
        assert_int_equal(eddy_file_open_at(&file, dir, "inside", O_CREAT | O_EXCL | O_WRONLY, 0600), 0);
        assert_int_equal(eddy_file_write_all(file, "x", 1), 1);
        assert_int_equal(eddy_file_close(file), 0);
        assert_int_equal(eddy_file_open_at(&file, dir, "inside", O_CREAT | O_EXCL | O_WRONLY, 0600), -EEXIST);
        assert_null(file);
        assert_content("dir/inside", "x");
        close(dir);
}

static void without_a_name(void)
{
        unsigned names = count_names(".");

        for (int i = 0; i < 2; i++) {
                eddy_file *file;
                char text[8];

                has_nameless_files = i == 0;
                assert_int_equal(eddy_file_open_temporary(&file, "."), 0);
                assert_int_equal(count_names("."), names);
                assert_int_equal(eddy_file_write_all(file, "temp", 4), 4);
                assert_int_equal(eddy_file_read_at(file, text, sizeof text, 0), 4);
                assert_memory_equal(text, "temp", 4);
                assert_int_equal(eddy_file_close(file), 0);
        }
        has_nameless_files = true;
}

static void refusals(void)
{
        eddy_file *file;
        char byte;

        assert_int_equal(eddy_file_open(&file, "missing", O_RDONLY, 0), -ENOENT);
        assert_null(file);
        assert_int_equal(eddy_file_from_fd(&file, -1), -EBADF);
        file = open_file(".", O_RDONLY);
        assert_int_equal(eddy_file_read(file, &byte, 1), -EISDIR);
        assert_int_equal(eddy_file_close(file), 0);
        file = open_file("a", O_RDONLY | O_CREAT);
        assert_int_equal(eddy_file_write(file, "x", 1), -EBADF);
        assert_int_equal(eddy_file_read_at(file, &byte, 1, -5), -EINVAL);
        eddy_file_close(file);
        assert_int_equal(eddy_file_close(NULL), 0);
}

static void outside_coroutines(void **state)
{
        eddy_loop *loop;
        eddy_file *file;
        char *data, byte;

        (void)state;
        assert_int_equal(eddy_file_open(&file, "a", O_RDONLY | O_CREAT, 0600), EDDY_ENOTASK);
        assert_int_equal(eddy_read_file("a", &data, 1), EDDY_ENOTASK);
        assert_int_equal(eddy_file_from_fd(&file, 0), EDDY_ENOLOOP);
        assert_int_equal(eddy_loop_create(&loop), 0);
        eddy_set_loop(loop);
        assert_int_equal(eddy_file_from_fd(&file, open("/dev/null", O_RDONLY)), 0);
        assert_int_equal(eddy_file_read(file, &byte, 1), EDDY_ENOTASK);
        assert_int_equal(eddy_file_close(file), 0);
        eddy_loop_destroy(loop);
}

/** Whether reading this folder's files without waiting is known to the system that tests run on. */
static bool can_read_now(int fd)
{
        char byte;

        return preadv2(fd, &(struct iovec){&byte, 1}, 1, 0, RWF_NOWAIT) == 1;
}

static void memory_needs_no_thread(void)
{
        char buffer[64];
        eddy_file *file;
        int fd;

        put_file("a", "in memory", 9);
        fd = open("a", O_RDONLY);
        if (!can_read_now(fd)) {
                print_message("skipped: needs a file system with RWF_NOWAIT\n");
                close(fd);
                return;
        }
        assert_int_equal(eddy_file_from_fd(&file, fd), 0);
        assert_int_equal(eddy_file_read(file, buffer, 2), 2);
        assert_int_equal(eddy_file_read(file, buffer + 2, sizeof buffer - 2), 7);
        assert_int_equal(eddy_file_read(file, buffer, sizeof buffer), 0);
        assert_int_equal(eddy_file_read_at(file, buffer, sizeof buffer, 3), 6);
        assert_null(eddy_running_loop()->tenants[ROOM_THREADS].kept);
        eddy_file_close(file);
}

/** What is not in memory, a thread reads; here the system is made to say so. */
static void from_the_disk(void)
{
        eddy_file *file = open_with("a", "0123456789");
        char buffer[8];

        if (!can_read_now(eddy_file_fd(file))) {
                print_message("skipped: needs a file system with RWF_NOWAIT\n");
                eddy_file_close(file);
                return;
        }
        for (unsigned long nth = 1; nth <= 2; nth++) {
                fault_arm(nth, 1); /* reading, or finding out whether all was read */
                assert_int_equal(eddy_file_read_at(file, buffer, 4, 2), 4);
                fault_arm(nth, 1);
                assert_int_equal(eddy_file_read_at(file, buffer + 4, 4, 7), 3);
                fault_arm(0, 0);
                assert_memory_equal(buffer, "2345789", 7);
        }
        eddy_file_close(file);
}

static intptr_t write_soon(void *fd)
{
        give_way();
        return write(*(const int *)fd, "late", 4);
}

/** A pipe has no end in sight: what is there is all. */
static void what_is_no_regular_file(void)
{
        eddy_file *in;
        eddy_task *writer;
        char buffer[64];
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(eddy_file_from_fd(&in, ends[0]), 0);
        assert_int_equal(write(ends[1], "abc", 3), 3);
        assert_int_equal(eddy_file_read(in, buffer, sizeof buffer), 3);
        assert_int_equal(eddy_file_read_at(in, buffer, sizeof buffer, 0), -ESPIPE);
        writer = eddy_create_task(write_soon, &ends[1]);
        assert_int_equal(eddy_file_read(in, buffer, sizeof buffer), 4);
        eddy_join(writer, NULL);
        close(ends[1]);
        assert_int_equal(eddy_file_read(in, buffer, sizeof buffer), 0);
        eddy_file_close(in);
}

/* Who waits, and who is asked to end meanwhile. */

static intptr_t sync_file(void *file)
{
        return eddy_file_sync(file);
}

static intptr_t write_byte(void *file)
{
        return eddy_file_write(file, "x", 1);
}

static intptr_t close_file(void *file)
{
        return eddy_file_close(file);
}

/** Have a task wait in a slow call. */
static eddy_task *begin_slowly(eddy_fn fn, void *arg)
{
        eddy_task *task;

        set_gate(false);
        task = eddy_create_task(fn, arg);
        until(waiting_at_gate() == 1);
        return task;
}

static intptr_t outcome(eddy_task *task)
{
        intptr_t result;

        assert_int_equal(eddy_join(task, &result), 0);
        return result;
}

static intptr_t sync_and_ask(void *file)
{
        int rc = eddy_file_sync(file);

        assert_int_equal(eddy_interrupted(), EDDY_CANCELLED);
        assert_int_equal(eddy_file_size(file), EDDY_CANCELLED);
        return rc;
}

static void a_thread_is_waited_for(void)
{
        eddy_file *file = open_with("a", "x");
        eddy_task *task = begin_slowly(sync_and_ask, file);

        eddy_cancel(task);
        eddy_cancel(task);
        give_way();
        assert_false(eddy_done(task));
        set_gate(true);
        assert_int_equal(outcome(task), 0);
        eddy_file_close(file);
}

static void what_has_not_begun_is_taken_back(void)
{
        eddy_file *file = open_with("a", "");
        eddy_task *tasks[MOST_THREADS], *late;
        intptr_t said;

        set_gate(false);
        for (int i = 0; i < MOST_THREADS; i++)
                tasks[i] = eddy_create_task(sync_file, file);
        late = eddy_create_task(write_byte, file);
        assert_int_equal(eddy_yield(), 0);
        eddy_cancel(late);
        until(eddy_done(late));
        said = outcome(late);
        set_gate(true);
        for (int i = 0; i < MOST_THREADS; i++)
                assert_int_equal(outcome(tasks[i]), 0);
        /* Where all threads are stuck for long it gets one of its own, and a file in memory needs none. */
        assert_true(said == EDDY_CANCELLED || said == 1);
        assert_int_equal(eddy_file_size(file), said == 1 ? 1 : 0);
        eddy_file_close(file);
}

static intptr_t read_at_position(void *file)
{
        char byte;
        ssize_t n = eddy_file_read(file, &byte, 1);

        return n == 1 ? byte : n;
}

static void one_at_the_position(void)
{
        eddy_file *file;
        eddy_task *reader;
        char *data, byte = 'a';
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(eddy_file_from_fd(&file, ends[0]), 0);
        reader = eddy_create_task(read_at_position, file);
        give_way();
        assert_int_equal(eddy_file_read(file, &byte, 1), EDDY_EBUSY);
        assert_int_equal(eddy_file_write(file, &byte, 1), EDDY_EBUSY);
        assert_int_equal(eddy_file_read_all(file, &data, 10), EDDY_EBUSY);
        assert_null(data);
        /* What has a place of its own is not in the way. */
        assert_int_equal(eddy_file_read_at(file, &byte, 1, 2), -ESPIPE);
        assert_int_equal(write(ends[1], &byte, 1), 1);
        assert_int_equal(outcome(reader), byte);
        eddy_file_close(file);
        close(ends[1]);
}

static void closing_waits_for_calls(void)
{
        eddy_file *file = open_with("a", "x");
        int fd = eddy_file_fd(file);
        eddy_task *sync = begin_slowly(sync_file, file), *closer = eddy_create_task(close_file, file);
        char byte;

        give_way();
        eddy_cancel(closer);
        give_way();
        assert_false(eddy_done(closer));
        assert_true(fcntl(fd, F_GETFD) >= 0);
        assert_int_equal(eddy_file_read_at(file, &byte, 1, 0), -EBADF);
        assert_int_equal(eddy_file_sync(file), -EBADF);
        set_gate(true);
        assert_int_equal(outcome(sync), 0);
        assert_int_equal(outcome(closer), 0);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static intptr_t close_when_cancelled(void *file)
{
        assert_int_equal(eddy_sleep(EDDY_FOREVER), EDDY_CANCELLED);
        return eddy_file_close(file);
}

static void the_interrupted_close_too(void)
{
        eddy_file *file = open_with("a", "x");
        int fd = eddy_file_fd(file);
        eddy_task *task = eddy_create_task(close_when_cancelled, file);

        eddy_yield();
        eddy_cancel(task);
        assert_int_equal(outcome(task), 0);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void without_threads_it_closes_all_the_same(void)
{
        int fd = open("a", O_RDONLY | O_CREAT, 0600);
        eddy_file *file;

        assert_int_equal(eddy_file_from_fd(&file, fd), 0);
        fault_arm(1, 1); /* the pool's memory */
        assert_int_equal(eddy_file_close(file), 0);
        fault_arm(0, 0);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static intptr_t open_slow(void *opened)
{
        return eddy_file_open(opened, "slow", O_RDONLY, 0);
}

static void opened_too_late_to_cancel(void)
{
        eddy_file *file = NULL;
        eddy_task *task;

        put_file("slow", "x", 1);
        task = begin_slowly(open_slow, &file);
        eddy_cancel(task);
        set_gate(true);
        assert_int_equal(outcome(task), 0);
        assert_int_equal(eddy_file_close(file), 0);
}

static void *open_gate_soon(void *arg)
{
        (void)arg;
        usleep(1000); /* so that the loop is being closed; if not, the test still passes */
        set_gate(true);
        return NULL;
}

static void until_waiting(void *loop)
{
        if (waiting_at_gate() == 1)
                eddy_loop_stop(loop);
        else
                eddy_call_soon(loop, NULL, until_waiting, loop);
}

/** Nobody is left to take the descriptor. */
static void opened_for_a_loop_that_is_closed(void **state)
{
        unsigned before = count_descriptors();
        eddy_file *file = NULL;
        pthread_t opener;
        eddy_loop *loop;

        (void)state;
        put_file("slow", "x", 1);
        assert_int_equal(eddy_loop_create(&loop), 0);
        set_gate(false);
        eddy_unref(eddy_task_create(&(eddy_task_options){.loop = loop}, open_slow, &file));
        eddy_call_soon(loop, NULL, until_waiting, loop);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_int_equal(pthread_create(&opener, NULL, open_gate_soon, NULL), 0);
        eddy_loop_destroy(loop);
        pthread_join(opener, NULL);
        assert_int_equal(count_descriptors(), before);
}

/* A disk that is full, and limits. */

static void full_device(void)
{
        eddy_file *file;

        if (!exists("/dev/full")) {
                print_message("skipped: needs /dev/full\n");
                return;
        }
        file = open_file("/dev/full", O_WRONLY);
        assert_int_equal(eddy_file_write(file, "x", 1), -ENOSPC);
        assert_int_equal(eddy_file_write_all(file, "xyz", 3), -ENOSPC);
        assert_non_null(strstr(eddy_error_detail(), "0 of 3 bytes"));
        eddy_file_close(file);
}

/** How much there was room for is told, then why there is no more, and what was written stays. */
static void fill(const char *path, size_t room, int why)
{
        static char data[BIG];
        eddy_file *file = open_file(path, O_RDWR | O_CREAT | O_TRUNC);
        char expected[64];

        assert_int_equal(eddy_file_write_at(file, data, sizeof data, 0), room);
        assert_int_equal(eddy_file_write_at(file, data, 1, (off_t)room), why);
        assert_int_equal(eddy_file_truncate(file, 0), 0);
        assert_int_equal(eddy_file_write_all(file, data, sizeof data), why);
        snprintf(expected, sizeof expected, "%zu of %d bytes", room, BIG);
        assert_non_null(strstr(eddy_error_detail(), expected));
        assert_int_equal(eddy_file_seek(file, 0, SEEK_CUR), room);
        assert_int_equal(eddy_file_size(file), room);
        assert_int_equal(eddy_file_close(file), 0);
}

static void limited_size(void)
{
        struct rlimit before, limit;

        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        limit = (struct rlimit){100 * 1000, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        fill("limited", 100 * 1000, -EFBIG);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

/** A small disk at "small"; false where the system does not let us. */
static bool mount_small_disk(void)
{
        mkdir("small", 0700);
        return unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("eddy-test", "small", "tmpfs", 0, "size=128k") == 0;
}

static void full_disk(void)
{
        enum { ROOM = 128 * 1024 };

        if (!mount_small_disk()) {
                print_message("skipped: needs the right to mount a tmpfs\n");
                return;
        }
        fill("small/a", ROOM, -ENOSPC);
        assert_int_equal(eddy_write_file("small/b", "x", 1, 0600), -ENOSPC);
        assert_false(exists("small/b"));
        assert_int_equal(count_names("small"), 1);
        umount("small");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(written_is_read_again),
            scene_test(offsets_leave_the_position),
            scene_test(many_parts),
            scene_test(as_a_whole),
            scene_test(larger_than_it_says),
            scene_test(written_as_a_whole),
            scene_test(failing_as_a_whole),
            scene_test(two_write_the_same_whole),
            scene_test(what_it_is),
            scene_test(relative_to_a_folder),
            scene_test(without_a_name),
            scene_test(refusals),
            cmocka_unit_test(outside_coroutines),
            scene_test(memory_needs_no_thread),
            scene_test(from_the_disk),
            scene_test(what_is_no_regular_file),
            scene_test(a_thread_is_waited_for),
            scene_test(what_has_not_begun_is_taken_back),
            scene_test(one_at_the_position),
            scene_test(closing_waits_for_calls),
            scene_test(the_interrupted_close_too),
            scene_test(without_threads_it_closes_all_the_same),
            scene_test(opened_too_late_to_cancel),
            cmocka_unit_test(opened_for_a_loop_that_is_closed),
            scene_test(full_device),
            scene_test(limited_size),
            scene_test(full_disk),
        };

        return cmocka_run_group_tests_name("file", tests, make_folder, remove_folder);
}
