/* Run a program on a machine that lacks something:
 *
 *         machine no:io_uring_setup nofile:256 -- program argument...
 *
 * no:CALL[:ERROR]  a system call of the table below is refused, with its usual error or with this
 * nofile:N         so many descriptors
 * processors:1     one processor
 * user:N           not root, but this user; whoever is not root stays who he is
 *
 * Exits with 77, skipped, where this machine cannot be made to lack it. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum { ANY = -1, GUARD_INSTALL = 102, SKIPPED = 77 };

static const struct call {
        const char *name;
        unsigned number;
        int third; /* only where this is the third argument */
        int error;
} calls[] = {
    {"io_uring_setup", SYS_io_uring_setup, ANY, EPERM},
    {"guards", SYS_madvise, GUARD_INSTALL, EINVAL},
    {"epoll_pwait2", SYS_epoll_pwait2, ANY, ENOSYS},
    {"pidfd_open", SYS_pidfd_open, ANY, ENOSYS},
};

static void skip(const char *what)
{
        fprintf(stderr, "skipped: %s: %s\n", what, strerror(errno));
        exit(SKIPPED);
}

static void refuse(const struct call *call, int error)
{
        const unsigned third = offsetof(struct seccomp_data, args[2]);
        struct sock_filter filter[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 3),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, third),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call->third, 0, call->third == ANY ? 0 : 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
                skip("seccomp");
}

static int error_named(const char *name)
{
        if (strcmp(name, "EPERM") == 0)
                return EPERM;
        return strcmp(name, "EINVAL") == 0 ? EINVAL : ENOSYS;
}

static void use_few_descriptors(unsigned long n)
{
        if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){n, n}) < 0)
                skip("nofile");
}

static void use_one_processor(void)
{
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET((unsigned)sched_getcpu(), &set);
        if (sched_setaffinity(0, sizeof set, &set) < 0)
                skip("processors");
}

static void become(unsigned user)
{
        if (getuid() == 0 && (setgid(user) < 0 || setuid(user) < 0))
                skip("user");
}

/** Have the machine lack what one argument says; false where it says nothing that is known. */
static int lack(const char *what)
{
        char name[32], error[16] = "";
        unsigned n;

        if (sscanf(what, "nofile:%u", &n) == 1)
                return use_few_descriptors(n), 1;
        if (strcmp(what, "processors:1") == 0)
                return use_one_processor(), 1;
        if (sscanf(what, "user:%u", &n) == 1)
                return become(n), 1;
        if (sscanf(what, "no:%31[^:]:%15s", name, error) < 1)
                return 0;
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
                if (strcmp(calls[i].name, name) == 0)
                        return refuse(&calls[i], *error ? error_named(error) : calls[i].error), 1;
        return 0;
}

int main(int argc, char **argv)
{
        int i = 1;

        for (; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (!lack(argv[i])) {
                        fprintf(stderr, "machine: %s: what is that?\n", argv[i]);
                        return 2;
                }
        if (i + 1 >= argc)
                return 2;
        execv(argv[i + 1], argv + i + 1);
        perror(argv[i + 1]);
        return 2;
}
