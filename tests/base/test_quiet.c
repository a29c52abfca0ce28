/* Writing without signals: no call of ours that writes ends a program, or reaches its handlers, through SIGPIPE or
 * SIGXFSZ; what the program has set stays. */
#include "base/sys_file.h"
#include "base/sys_pipe.h"
#include "base/sys_socket.h"

#include "testing.h"

#include <sys/resource.h>

enum { LIMIT = 8192 };

static int handled;

static void on_signal(int signum)
{
        handled = signum;
}

/** A file that has reached the limit on its size, or a pipe that nobody reads. */
struct target {
        int fd, source; /* and a file to send from */
};

static char bytes[2 * LIMIT];

static const struct iovec parts[] = {{bytes, 100}, {bytes, 200}};

static ssize_t by_writev(const struct target *target)
{
        return sys_writev(target->fd, parts, 2);
}

static ssize_t by_pwritev(const struct target *target)
{
        return sys_pwritev(target->fd, parts, 2, LIMIT);
}

static ssize_t by_pwrite(const struct target *target)
{
        return sys_pwrite(target->fd, bytes, 100, LIMIT);
}

static ssize_t by_ftruncate(const struct target *target)
{
        return sys_ftruncate(target->fd, LIMIT + 1);
}

static ssize_t by_sendfile(const struct target *target)
{
        off_t offset = 0;

        return sys_sendfile(target->fd, target->source, &offset, 100);
}

static ssize_t by_write_quietly(const struct target *target)
{
        return sys_write_quietly(target->fd, parts, 2, false);
}

static ssize_t by_write_to_pipe(const struct target *target)
{
        return sys_write_quietly(target->fd, parts, 2, true);
}

static const struct {
        const char *name;
        ssize_t (*write)(const struct target *target);
        bool fits_file, fits_pipe;
} calls[] = {
    {"writev", by_writev, true, true},
    {"pwritev", by_pwritev, true, false},
    {"pwrite", by_pwrite, true, false},
    {"ftruncate", by_ftruncate, true, false},
    {"sendfile", by_sendfile, true, true},
    {"write_quietly", by_write_quietly, true, true},
    {"write_quietly of a pipe", by_write_to_pipe, false, true},
};

enum { CALLS = sizeof calls / sizeof *calls };

static int open_unnamed(void)
{
        char name[] = "/tmp/eddy-test-XXXXXX";
        int fd = mkostemp(name, O_CLOEXEC);

        assert_true(fd >= 0);
        unlink(name);
        assert_int_equal(write(fd, bytes, LIMIT), LIMIT);
        return fd;
}

/** Make each call meet its signal, from this thread. */
static void write_in_vain(void)
{
        struct target file = {open_unnamed(), open_unnamed()}, pipe_end;
        int ends[2];

        assert_int_equal(pipe(ends), 0);
        close(ends[0]);
        pipe_end = (struct target){ends[1], file.source};
        for (int i = 0; i < CALLS; i++) {
                if (calls[i].fits_file && calls[i].write(&file) != -EFBIG)
                        fail_msg("%s beyond the limit", calls[i].name);
                if (calls[i].fits_pipe && calls[i].write(&pipe_end) != -EPIPE)
                        fail_msg("%s without a reader", calls[i].name);
        }
        close(file.fd);
        close(file.source);
        close(ends[1]);
}

static int limit_size(void **state)
{
        const struct rlimit limit = {LIMIT, RLIM_INFINITY};

        (void)state;
        return setrlimit(RLIMIT_FSIZE, &limit);
}

static int unlimit_size(void **state)
{
        const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

        (void)state;
        signal(SIGPIPE, SIG_DFL);
        signal(SIGXFSZ, SIG_DFL);
        return setrlimit(RLIMIT_FSIZE, &limit);
}

static void assert_mask(bool pipe_is_blocked, bool size_is_blocked)
{
        sigset_t mask;

        pthread_sigmask(SIG_BLOCK, NULL, &mask);
        assert_int_equal(sigismember(&mask, SIGPIPE), pipe_is_blocked);
        assert_int_equal(sigismember(&mask, SIGXFSZ), size_is_blocked);
}

TEST(no_call_ends_a_program_that_has_never_heard_of_signals)
{
        signal(SIGPIPE, SIG_DFL);
        signal(SIGXFSZ, SIG_DFL);
        write_in_vain();
        assert_mask(false, false);
}

TEST(handlers_of_the_program_are_not_called_and_stay)
{
        struct sigaction action;

        signal(SIGPIPE, on_signal);
        signal(SIGXFSZ, on_signal);
        write_in_vain();
        assert_int_equal(handled, 0);
        sigaction(SIGXFSZ, NULL, &action);
        assert_ptr_equal(action.sa_handler, on_signal);
        raise(SIGXFSZ);
        assert_int_equal(handled, SIGXFSZ);
        raise(SIGPIPE);
        assert_int_equal(handled, SIGPIPE);
}

TEST(what_the_program_holds_back_itself_waits_for_it)
{
        sigset_t both, before, waiting;

        sigemptyset(&both);
        sigaddset(&both, SIGPIPE);
        sigaddset(&both, SIGXFSZ);
        pthread_sigmask(SIG_BLOCK, &both, &before);
        write_in_vain();
        assert_mask(true, true);
        sigpending(&waiting);
        assert_false(sigismember(&waiting, SIGPIPE) || sigismember(&waiting, SIGXFSZ));

        raise(SIGPIPE);
        raise(SIGXFSZ);
        write_in_vain();
        sigpending(&waiting);
        assert_true(sigismember(&waiting, SIGPIPE) && sigismember(&waiting, SIGXFSZ));
        sigwaitinfo(&both, NULL);
        sigwaitinfo(&both, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/** sendfile() and write() raise the signal also where some bytes have arrived before the end came. */
TEST(a_short_write_leaves_no_signal_behind)
{
        sigset_t both, before, waiting;
        int fd = open_unnamed();
        struct quiet quiet;

        sigemptyset(&both);
        sigaddset(&both, SIGPIPE);
        sigaddset(&both, SIGXFSZ);
        pthread_sigmask(SIG_BLOCK, &both, &before);
        quiet_begin(&quiet);
        raise(SIGPIPE);
        quiet_end(&quiet, 10, 20);
        sigpending(&waiting);
        assert_false(sigismember(&waiting, SIGPIPE));
        pthread_sigmask(SIG_SETMASK, &before, NULL);

        assert_int_equal(sys_pwrite(fd, bytes, 100, LIMIT - 10), 10);
        close(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(no_call_ends_a_program_that_has_never_heard_of_signals, limit_size,
                                            unlimit_size),
            cmocka_unit_test_setup_teardown(handlers_of_the_program_are_not_called_and_stay, limit_size,
                                            unlimit_size),
            cmocka_unit_test_setup_teardown(what_the_program_holds_back_itself_waits_for_it, limit_size,
                                            unlimit_size),
            cmocka_unit_test_setup_teardown(a_short_write_leaves_no_signal_behind, limit_size, unlimit_size),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
