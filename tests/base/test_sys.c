/* Descriptors: none that is made here takes the number of a standard stream that the program was started without. */
#include "testing.h"

#include "base/sys_file.h"
#include "base/sys_inotify.h"
#include "base/sys_process.h"
#include "base/sys_socket.h"
#include <eddy/watch.h>
#include <sys/wait.h>
#include <unistd.h>

static int sys_pipe_ends(int ends[2])
{
        return sys_descriptors(pipe2(ends, O_CLOEXEC), ends);
}

static int end_at_once(void *arg)
{
        (void)arg;
        _exit(0);
}

/* Each makes what it makes: the lower of its descriptors, or an error. */

static int make_epoll(void)
{
        return sys_epoll_create();
}

static int make_eventfd(void)
{
        return sys_eventfd();
}

static int make_socket(void)
{
        return sys_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int lower(int rc, const int ends[2])
{
        return rc < 0 ? rc : ends[0] < ends[1] ? ends[0] : ends[1];
}

static int make_pipe(void)
{
        int ends[2];

        return lower(sys_pipe_ends(ends), ends);
}

static int make_socketpair(void)
{
        int ends[2];

        return lower(sys_socketpair(SOCK_STREAM | SOCK_CLOEXEC, ends), ends);
}

static int make_accepted(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int listener = make_socket(), client = make_socket();

        if (sys_bind(listener, (struct sockaddr *)&address, size) < 0 || sys_listen(listener, 1) < 0 ||
            sys_getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
            sys_connect(client, (struct sockaddr *)&address, size) < 0)
                return -EIO;
        return sys_accept(listener, NULL, NULL);
}

static int make_file(void)
{
        return sys_open("/dev/null", O_RDONLY | O_CLOEXEC, 0);
}

static int make_file_at(void)
{
        return sys_openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0);
}

static int make_file_beneath(void)
{
        const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC};

        return sys_openat2(AT_FDCWD, "/dev/null", &how);
}

static int make_temporary(void)
{
        char name[] = "/tmp/eddy-test-XXXXXX";
        int fd = sys_mkostemp(name, O_CLOEXEC);

        unlink(name);
        return fd;
}

static int make_inotify(void)
{
        return sys_inotify_init();
}

static int make_pidfd(void)
{
        return sys_pidfd_open(getpid());
}

static int make_child(void)
{
        static char stack[64 * 1024] __attribute__((aligned(16)));
        int pidfd = -EIO;
        pid_t pid = sys_clone(end_at_once, stack + sizeof stack, CLONE_PIDFD | SIGCHLD, NULL, &pidfd);

        if (pid < 0)
                return pid;
        waitpid(pid, NULL, 0);
        return pidfd;
}

static const struct {
        const char *name;
        int (*make)(void);
} makers[] = {
    {"epoll", make_epoll},         {"eventfd", make_eventfd},       {"socket", make_socket},
    {"pipe", make_pipe},           {"socketpair", make_socketpair}, {"accept", make_accepted},
    {"open", make_file},           {"openat", make_file_at},        {"openat2", make_file_beneath},
    {"temporary", make_temporary}, {"inotify", make_inotify},       {"pidfd", make_pidfd},
    {"clone", make_child},
};

static void close_standard_streams(void)
{
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
                close(fd);
}

static bool standard_streams_are_free(void)
{
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        return false;
        return true;
}

/** Do something in a process that has no standard streams: what it returns. */
static int without_standard_streams(int (*fn)(size_t which), size_t which)
{
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                close_standard_streams();
                _exit(fn(which));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

enum { LEFT_FREE, TAKEN, REFUSED };

static int make_one(size_t which)
{
        int fd = makers[which].make();

        if (fd < 0)
                return fd == -ENOSYS || fd == -EPERM || fd == -EINVAL ? LEFT_FREE : REFUSED;
        return fd > STDERR_FILENO && fcntl(fd, F_GETFD) == FD_CLOEXEC && standard_streams_are_free() ? LEFT_FREE
                                                                                                     : TAKEN;
}

TEST(no_call_takes_a_standard_stream)
{
        for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
                int outcome = without_standard_streams(make_one, i);

                if (outcome != LEFT_FREE)
                        fail_msg("%s: %s", makers[i].name, outcome == TAKEN ? "takes one" : "fails");
        }
}

/** Where there is no other number, the descriptor is given up: the number is not kept. */
static int make_without_room(size_t which)
{
        fault_arm(2, 1); /* the first is the call itself */
        if (makers[which].make() >= 0)
                return TAKEN;
        return standard_streams_are_free() ? LEFT_FREE : TAKEN;
}

TEST(no_call_keeps_one_where_no_other_is_left)
{
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(without_standard_streams(make_without_room, i), LEFT_FREE);
}

static intptr_t answer(eddy_stream *stream, void *arg)
{
        char byte;

        (void)arg;
        while (eddy_stream_read(stream, &byte, 1) > 0)
                eddy_stream_write(stream, &byte, 1);
        return 0;
}

static int send_descriptors(void)
{
        eddy_stream *ends[2];
        int fds[2], rc, ours[2];
        size_t count = 2;
        char byte;

        rc = eddy_stream_pair(ends);
        if (rc < 0 || sys_pipe_ends(ours) < 0)
                return -1;
        if (eddy_stream_send_fds(ends[0], "x", 1, ours, 2) != 1 ||
            eddy_stream_receive_fds(ends[1], &byte, 1, fds, &count) != 1 || count != 2)
                return -1;
        for (int i = 0; i < 2; i++) {
                sys_close(fds[i]);
                sys_close(ours[i]);
                eddy_stream_destroy(ends[i]);
        }
        return lower(0, fds);
}

/** Use whatever makes descriptors, without a look at their numbers; then no standard stream may be there. */
static intptr_t use_everything(void *arg)
{
        eddy_server *server;
        eddy_stream *stream, *none;
        eddy_datagram *datagram;
        eddy_process *process;
        eddy_watch *watch;
        eddy_file *file, *temporary;
        char byte = 0;
        int fds[3] = {0, 1, 2};
        bool is_right;

        (void)arg;
        is_right = eddy_start_server(&server, answer, NULL, "127.0.0.1", 0, NULL) == 0 &&
                   eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL) == 0 &&
                   eddy_stream_write_all(stream, "x", 1) == 1 && eddy_stream_read(stream, &byte, 1) == 1 &&
                   eddy_open_datagram(&datagram, NULL) == 0 && send_descriptors() > STDERR_FILENO &&
                   eddy_watch_open(&watch) == 0 && eddy_file_open(&file, "/dev/null", O_RDONLY, 0) == 0 &&
                   eddy_file_open_temporary(&temporary, "/tmp") == 0 &&
                   eddy_process_exec(&process, EDDY_ARGV("true"),
                                     &(eddy_process_options){.in = EDDY_PIPE, .out = EDDY_DEVNULL}) == 0;
        for (int i = 0; i < 3; i++)
                is_right = is_right && eddy_open_stdio(&none, fds[i], 0) == -EBADF;
        is_right = is_right && standard_streams_are_free();
        if (!is_right)
                return 1;
        eddy_process_wait(process, NULL);
        eddy_process_destroy(process);
        eddy_file_close(temporary);
        eddy_file_close(file);
        eddy_watch_close(watch);
        eddy_datagram_destroy(datagram);
        eddy_stream_destroy(stream);
        eddy_server_destroy(server);
        return 0;
}

static int run_everything(size_t which)
{
        (void)which;
        return run_main(use_everything, NULL) == 0 ? LEFT_FREE : TAKEN;
}

TEST(nothing_of_eddys_takes_a_standard_stream)
{
        assert_int_equal(without_standard_streams(run_everything, 0), LEFT_FREE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(no_call_takes_a_standard_stream),
            cmocka_unit_test(no_call_keeps_one_where_no_other_is_left),
            cmocka_unit_test(nothing_of_eddys_takes_a_standard_stream),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
