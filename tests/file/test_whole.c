/* Files as wholes: every name, every kind of file, every reason for which writing ends, and files of the kernel's own. */
#include "helpers.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

static void names_of_every_length(void)
{
        char name[NAME_MAX + 2];
        unsigned names = count_names(".");

        for (size_t n = 1; n <= NAME_MAX; n++) {
                memset(name, 'n', n);
                name[n] = '\0';
                if (eddy_write_file(name, "x", 1, 0600) < 0)
                        fail_msg("a name of %zu bytes", n);
                assert_content(name, "x");
                unlink(name);
        }
        memset(name, 'n', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        assert_int_equal(eddy_write_file(name, "x", 1, 0600), -ENAMETOOLONG);
        assert_int_equal(count_names("."), names);
}

static void permissions_and_owner_stay(void)
{
        struct stat status;

        put_file("own", "old", 3);
        assert_int_equal(chmod("own", 0640), 0);
        if (geteuid() == 0)
                assert_int_equal(chown("own", 12, 34), 0);
        assert_int_equal(eddy_write_file("own", "new", 3, 0666), 0);
        assert_content("own", "new");
        assert_int_equal(stat("own", &status), 0);
        assert_int_equal(status.st_mode & 07777, 0640);
        if (geteuid() == 0) {
                assert_int_equal(status.st_uid, 12);
                assert_int_equal(status.st_gid, 34);
        }
}

/* ------------------------------------------------------------------------------------------------
 * What is no plain name of a plain file stays what it is. Each case is made, written to, and looked at. */

static int kept; /* what a case holds open */

static bool make_fifo(const char *path)
{
        assert_int_equal(mkfifo(path, 0600), 0);
        kept = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        return true;
}

static bool make_fifo_unread(const char *path)
{
        return mkfifo(path, 0600) == 0;
}

static bool make_null(const char *path)
{
        return mknod(path, S_IFCHR | 0600, makedev(1, 3)) == 0;
}

static bool make_full(const char *path)
{
        return mknod(path, S_IFCHR | 0600, makedev(1, 7)) == 0;
}

static bool make_folder_there(const char *path)
{
        return mkdir(path, 0700) == 0;
}

static bool make_socket(const char *path)
{
        return mknod(path, S_IFSOCK | 0600, 0) == 0;
}

static bool make_link(const char *path)
{
        mkdir("elsewhere", 0700);
        put_file("elsewhere/target", "old", 3);
        return symlink("elsewhere/target", path) == 0;
}

static bool make_link_to_links(const char *path)
{
        char absolute[128];

        make_link("second");
        snprintf(absolute, sizeof absolute, "%s/second", folder);
        return symlink(absolute, path) == 0;
}

static bool make_link_to_nothing(const char *path)
{
        mkdir("elsewhere", 0700);
        return symlink("elsewhere/target", path) == 0;
}

static bool make_link_to_fifo(const char *path)
{
        mkdir("elsewhere", 0700);
        return make_fifo("elsewhere/target") && symlink("elsewhere/target", path) == 0;
}

static bool make_link_to_itself(const char *path)
{
        return symlink("case", path) == 0;
}

/** As /dev/stdout is: no name but that of the descriptor. */
static bool make_link_to_descriptor(const char *path)
{
        char descriptor[32];

        put_file("named", "longer than what is written", 27);
        kept = open("named", O_RDWR | O_CLOEXEC);
        snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", kept);
        return symlink(descriptor, path) == 0;
}

static bool make_link_to_deleted(const char *path)
{
        bool is_made = make_link_to_descriptor(path);

        return unlink("named") == 0 && is_made;
}

static void look_at_fifo(void)
{
        char text[16];

        assert_int_equal(read(kept, text, sizeof text), 5);
}

static void look_at_target(void)
{
        assert_content("elsewhere/target", "hello");
}

static void look_at_descriptor(void)
{
        char text[64];

        assert_int_equal(pread(kept, text, sizeof text, 0), 5);
}

static const struct {
        const char *name;
        bool (*make)(const char *path); /* false: not here, or not by this user */
        int rc;
        void (*look)(void);
} kinds[] = {
    {"a FIFO", make_fifo, 0, look_at_fifo},
    {"a FIFO that nobody reads", make_fifo_unread, -ENXIO, NULL},
    {"a device", make_null, 0, NULL},
    {"a device that is full", make_full, -ENOSPC, NULL},
    {"a folder", make_folder_there, -EISDIR, NULL},
    {"a socket", make_socket, -ENXIO, NULL},
    {"a link", make_link, 0, look_at_target},
    {"a link to a link", make_link_to_links, 0, look_at_target},
    {"a link to nothing", make_link_to_nothing, 0, look_at_target},
    {"a link to a FIFO", make_link_to_fifo, 0, look_at_fifo},
    {"a link to itself", make_link_to_itself, -ELOOP, NULL},
    {"a descriptor's name", make_link_to_descriptor, 0, look_at_descriptor},
    {"a descriptor of a deleted file", make_link_to_deleted, 0, look_at_descriptor},
};

static void every_kind_of_file_stays_what_it_is(void)
{
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
                struct stat before, after;
                int rc;

                kept = -1;
                if (!kinds[i].make("case")) {
                        print_message("skipped: %s\n", kinds[i].name);
                        continue;
                }
                assert_int_equal(lstat("case", &before), 0);
                rc = eddy_write_file("case", "hello", 5, 0600);
                if (rc != kinds[i].rc)
                        fail_msg("%s: %s", kinds[i].name, eddy_errname(rc));
                assert_int_equal(lstat("case", &after), 0);
                if (before.st_ino != after.st_ino || before.st_mode != after.st_mode)
                        fail_msg("%s is another", kinds[i].name);
                if (kinds[i].look)
                        kinds[i].look();
                if (kept >= 0)
                        close(kept);
                assert_int_equal(system("rm -rf case elsewhere second named .eddy-*"), 0);
                assert_int_equal(count_names("."), 0);
        }
}

static intptr_t write_much_to_fifo(void *arg)
{
        static char much[1 << 20];

        (void)arg;
        return eddy_write_file("fifo", much, sizeof much, 0600);
}

/** Its reader may make it wait, and is not waited for by whoever is interrupted. */
static void a_fifo_whose_reader_reads_no_more(void)
{
        int pending = 0, reader;
        intptr_t result;
        eddy_task *task;

        assert_int_equal(mkfifo("fifo", 0600), 0);
        reader = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        task = eddy_create_task(write_much_to_fifo, NULL);
        while (pending < 65536) {
                eddy_yield();
                assert_int_equal(ioctl(reader, FIONREAD, &pending), 0);
        }
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
        close(reader);
        unlink("fifo");
}

/* ------------------------------------------------------------------------------------------------
 * Every write ends, and says why: with the limit on the size of files, and on a disk that is full. */

enum { ROOM = 128 * 1024 };

static char bytes[2 * ROOM];

static ssize_t by_write(eddy_file *file)
{
        ssize_t n = eddy_file_write(file, bytes, sizeof bytes);

        assert_int_equal(n, ROOM);
        return eddy_file_write(file, bytes, sizeof bytes);
}

static ssize_t by_write_at(eddy_file *file)
{
        assert_int_equal(eddy_file_write_at(file, bytes, sizeof bytes, 0), ROOM);
        return eddy_file_write_at(file, bytes, sizeof bytes, ROOM);
}

static ssize_t by_writev(eddy_file *file)
{
        const struct iovec parts[] = {{bytes, 10}, {bytes, ROOM}, {bytes, 10}};

        assert_int_equal(eddy_file_writev(file, parts, 3, 0), ROOM);
        return eddy_file_writev(file, parts, 3, ROOM);
}

static ssize_t by_write_all(eddy_file *file)
{
        ssize_t n = eddy_file_write_all(file, bytes, sizeof bytes);

        assert_non_null(strstr(eddy_error_detail(), "131072 of 262144 bytes were written"));
        return n;
}

static ssize_t by_write_file(eddy_file *file)
{
        (void)file;
        put_file("disk/whole", "old", 3);
        assert_int_equal(eddy_file_truncate(file, 0), 0);
        {
                int rc = eddy_write_file("disk/whole", bytes, sizeof bytes, 0600);

                assert_content("disk/whole", "old");
                unlink("disk/whole");
                return rc;
        }
}

static ssize_t by_truncate(eddy_file *file)
{
        return eddy_file_truncate(file, sizeof bytes);
}

static const struct {
        const char *name;
        ssize_t (*write)(eddy_file *file);
        bool needs_limit; /* a disk has room for holes */
} writes[] = {
    {"write", by_write, false},         {"write_at", by_write_at, false},     {"writev", by_writev, false},
    {"write_all", by_write_all, false}, {"write_file", by_write_file, false}, {"truncate", by_truncate, true},
};

static void make_every_write(int expected, bool is_limit)
{
        for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
                eddy_file *file;
                ssize_t rc;

                if (writes[i].needs_limit && !is_limit)
                        continue;
                assert_int_equal(eddy_file_open(&file, "disk/file", O_RDWR | O_CREAT | O_TRUNC, 0600), 0);
                rc = writes[i].write(file);
                if (rc != expected)
                        fail_msg("%s: %s", writes[i].name, eddy_errname(rc));
                assert_int_equal(eddy_file_close(file), 0);
                assert_int_equal(unlink("disk/file"), 0);
                assert_int_equal(count_names("disk"), 0);
        }
}

static void every_write_ends_at_the_limit(void)
{
        struct rlimit limit = {ROOM, RLIM_INFINITY};

        signal(SIGXFSZ, SIG_DFL);
        mkdir("disk", 0700);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        make_every_write(-EFBIG, true);
        limit.rlim_cur = RLIM_INFINITY;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void every_write_ends_on_a_full_disk(void)
{
        mkdir("disk", 0700);
        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("eddy-test", "disk", "tmpfs", 0, "size=128k") < 0) {
                print_message("skipped: needs the right to mount a tmpfs\n");
                return;
        }
        make_every_write(-ENOSPC, false);
        umount("disk");
}

static intptr_t set(void *flag)
{
        *(bool *)flag = true;
        return 0;
}

/** A file in memory is written to at once, and ends at the limit as others do. */
static void memory_is_written_to_without_a_thread(void)
{
        struct rlimit limit = {ROOM, RLIM_INFINITY};
        bool others_have_run = false;
        eddy_file *file;
        eddy_task *other;

        assert_int_equal(eddy_file_from_fd(&file, memfd_create("eddy-test", MFD_CLOEXEC)), 0);
        assert_int_equal(eddy_file_write(file, bytes, 100), 100); /* a thread finds out where it lies */
        other = eddy_create_task(set, &others_have_run);
        assert_int_equal(eddy_file_write(file, bytes, 100), 100);
        assert_int_equal(eddy_file_write_at(file, bytes, 4096, 1000), 4096);
        assert_false(others_have_run);
        assert_int_equal(eddy_file_seek(file, 0, SEEK_CUR), 200);
        assert_int_equal(eddy_file_write(file, bytes, sizeof bytes), sizeof bytes); /* much is for a thread */
        assert_true(others_have_run);
        assert_int_equal(eddy_join(other, NULL), 0);
        assert_int_equal(eddy_file_size(file), 200 + sizeof bytes);

        signal(SIGXFSZ, SIG_DFL);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_int_equal(eddy_file_write_at(file, bytes, 100, ROOM - 10), 10);
        assert_int_equal(eddy_file_write_at(file, bytes, 100, ROOM), -EFBIG);
        assert_int_equal(eddy_file_write(file, bytes, 100), -EFBIG);
        limit.rlim_cur = RLIM_INFINITY;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_int_equal(eddy_file_close(file), 0);
}

/* ------------------------------------------------------------------------------------------------
 * Files of the kernel's own: their sizes say nothing, and they come in pieces. */

enum { MANY_MAPS = 2000 };

static char text[1 << 20], expected_text[1 << 20];

static ssize_t read_by_file_read(const char *path)
{
        eddy_file *file;
        ssize_t n;

        assert_int_equal(eddy_file_open(&file, path, O_RDONLY, 0), 0);
        n = eddy_file_read(file, text, sizeof text);
        eddy_file_close(file);
        return n;
}

static ssize_t read_by_read_at(const char *path)
{
        eddy_file *file;
        ssize_t n;

        assert_int_equal(eddy_file_open(&file, path, O_RDONLY, 0), 0);
        n = eddy_file_read_at(file, text, sizeof text, 0);
        eddy_file_close(file);
        return n;
}

static ssize_t read_by_readv(const char *path)
{
        const struct iovec parts[] = {{text, 5000}, {text + 5000, sizeof text - 5000}};
        eddy_file *file;
        ssize_t n;

        assert_int_equal(eddy_file_open(&file, path, O_RDONLY, 0), 0);
        n = eddy_file_readv(file, parts, 2, EDDY_FILE_POSITION);
        eddy_file_close(file);
        return n;
}

static ssize_t take_over(char *data, ssize_t n)
{
        assert_in_range(n, 0, sizeof text);
        memcpy(text, data, (size_t)n);
        eddy_free(data);
        return n;
}

static ssize_t read_by_read_all(const char *path)
{
        eddy_file *file;
        char *data;
        ssize_t n;

        assert_int_equal(eddy_file_open(&file, path, O_RDONLY, 0), 0);
        n = eddy_file_read_all(file, &data, sizeof text);
        eddy_file_close(file);
        return take_over(data, n);
}

static ssize_t read_by_read_file(const char *path)
{
        char *data;
        ssize_t n = eddy_read_file(path, &data, sizeof text);

        return take_over(data, n);
}

static ssize_t (*const reads[])(const char *path) = {read_by_file_read, read_by_read_at, read_by_readv,
                                                     read_by_read_all, read_by_read_file};

/** What the system's own calls read of a file; -1 where it is not there. */
static ssize_t read_plainly(const char *path, char *into, size_t size)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = 1, total = 0;

        if (fd < 0)
                return -1;
        for (; n > 0; total += n)
                n = read(fd, into + total, size - (size_t)total);
        close(fd);
        return n < 0 ? -1 : total;
}

static const char *last_line(const char *of, ssize_t n)
{
        const char *line = of + n - 1;

        while (line > of && line[-1] != '\n')
                line--;
        return line;
}

static void files_of_the_kernel_are_read_to_their_end(void)
{
        static const char *const paths[] = {"/proc/self/limits",
                                            "/proc/filesystems",
                                            "/proc/self/cmdline",
                                            "/sys/devices/system/cpu/online",
                                            "/sys/kernel/mm/transparent_hugepage/enabled",
                                            "/proc/sys/kernel/ostype",
                                            "/proc/self/maps"};
        char *maps = mmap(NULL, 4096 * MANY_MAPS, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        assert_true(maps != MAP_FAILED);
        for (int i = 0; i < MANY_MAPS; i += 2)
                assert_int_equal(mprotect(maps + 4096 * i, 4096, PROT_NONE), 0);
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
                ssize_t expected = read_plainly(paths[i], expected_text, sizeof expected_text);

                for (size_t j = 0; expected > 0 && j < sizeof reads / sizeof *reads; j++) {
                        ssize_t n = reads[j](paths[i]);
                        size_t tail = (size_t)(expected_text + expected - last_line(expected_text, expected));

                        /* What is in between may change; its end does not. */
                        if (n < expected * 9 / 10 || (size_t)n < tail ||
                            memcmp(text + n - tail, last_line(expected_text, expected), tail) != 0)
                                fail_msg("%s by way %zu: %zd of %zd bytes", paths[i], j, n, expected);
                }
        }
        munmap(maps, 4096 * MANY_MAPS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(every_kind_of_file_stays_what_it_is),
            scene_test(names_of_every_length),
            scene_test(permissions_and_owner_stay),
            scene_test(a_fifo_whose_reader_reads_no_more),
            scene_test(every_write_ends_at_the_limit),
            scene_test(memory_is_written_to_without_a_thread),
            scene_test(files_of_the_kernel_are_read_to_their_end),
            scene_test(every_write_ends_on_a_full_disk), /* the last, since it has mounts of its own */
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
