/* src/file: files, paths and directories */
#include "interruption.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static eddy_file *open_file(const char *name, const char *text)
{
        eddy_file *file;

        assert_int_equal(eddy_file_open(&file, own_file(name, text), O_RDWR, 0), 0);
        return file;
}

static off_t size_of(const char *path)
{
        struct stat status;

        return stat(path, &status) == 0 ? status.st_size : -1;
}

static bool exists(const char *path)
{
        struct stat status;

        return lstat(path, &status) == 0;
}

static void try_eddy_file_open(void)
{
        const char *path = in_own_folder("open");
        eddy_file *file = NULL;

        assert_refused(eddy_file_open(&file, path, O_CREAT | O_WRONLY, 0600));
        assert_null(file);
        assert_false(exists(path));
        assert_int_equal(eddy_file_open(&file, path, O_CREAT | O_WRONLY, 0600), 0);
        eddy_file_close(file);
}

static void try_eddy_file_open_at(void)
{
        const char *path = in_own_folder("open_at");
        eddy_file *file = NULL;

        assert_refused(eddy_file_open_at(&file, AT_FDCWD, path, O_CREAT | O_WRONLY, 0600));
        assert_null(file);
        assert_false(exists(path));
        assert_int_equal(eddy_file_open_at(&file, AT_FDCWD, path, O_CREAT | O_WRONLY, 0600), 0);
        eddy_file_close(file);
}

static void try_eddy_file_open_temporary(void)
{
        eddy_file *file = NULL;

        assert_refused(eddy_file_open_temporary(&file, own_folder()));
        assert_null(file);
        assert_int_equal(eddy_file_open_temporary(&file, own_folder()), 0);
        eddy_file_close(file);
}

static void try_eddy_file_close(void)
{
        eddy_file *file = open_file("close", "");
        int fd = eddy_file_fd(file);

        WHILE_CANCELLED
        eddy_file_close(file);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
        assert_int_equal(errno, EBADF);
}

static void try_eddy_file_read(void)
{
        eddy_file *file = open_file("read", "data");
        char buffer[8];

        assert_refused(eddy_file_read(file, buffer, sizeof buffer));
        assert_int_equal(eddy_file_read(file, buffer, sizeof buffer), 4); /* from the beginning */
        eddy_file_close(file);
}

static void try_eddy_file_read_at(void)
{
        eddy_file *file = open_file("read_at", "data");
        char buffer[8];

        assert_refused(eddy_file_read_at(file, buffer, sizeof buffer, 1));
        assert_int_equal(eddy_file_read_at(file, buffer, sizeof buffer, 1), 3);
        eddy_file_close(file);
}

static void try_eddy_file_readv(void)
{
        eddy_file *file = open_file("readv", "data");
        char buffer[8];
        struct iovec part = {buffer, sizeof buffer};

        assert_refused(eddy_file_readv(file, &part, 1, 0));
        assert_int_equal(eddy_file_readv(file, &part, 1, 0), 4);
        eddy_file_close(file);
}

static void try_eddy_file_read_all(void)
{
        eddy_file *file = open_file("read_all", "data");
        char *data = NULL;

        assert_refused(eddy_file_read_all(file, &data, 100));
        assert_null(data);
        assert_int_equal(eddy_file_read_all(file, &data, 100), 4);
        free(data);
        eddy_file_close(file);
}

static void try_eddy_file_write(void)
{
        eddy_file *file = open_file("write", "");

        assert_refused(eddy_file_write(file, "lost", 4));
        assert_int_equal(size_of(in_own_folder("write")), 0);
        assert_int_equal(eddy_file_write(file, "kept", 4), 4);
        assert_int_equal(size_of(in_own_folder("write")), 4);
        eddy_file_close(file);
}

static void try_eddy_file_write_at(void)
{
        eddy_file *file = open_file("write_at", "");

        assert_refused(eddy_file_write_at(file, "lost", 4, 0));
        assert_int_equal(size_of(in_own_folder("write_at")), 0);
        assert_int_equal(eddy_file_write_at(file, "kept", 4, 0), 4);
        eddy_file_close(file);
}

static void try_eddy_file_writev(void)
{
        eddy_file *file = open_file("writev", "");
        struct iovec part = {(char[]){"kept"}, 4};

        assert_refused(eddy_file_writev(file, &part, 1, 0));
        assert_int_equal(size_of(in_own_folder("writev")), 0);
        assert_int_equal(eddy_file_writev(file, &part, 1, 0), 4);
        eddy_file_close(file);
}

static void try_eddy_file_write_all(void)
{
        eddy_file *file = open_file("write_all", "");

        assert_refused(eddy_file_write_all(file, "lost", 4));
        assert_int_equal(size_of(in_own_folder("write_all")), 0);
        assert_int_equal(eddy_file_write_all(file, "kept", 4), 4);
        eddy_file_close(file);
}

static void try_eddy_file_sync(void)
{
        eddy_file *file = open_file("sync", "");

        assert_refused(eddy_file_sync(file));
        assert_int_equal(eddy_file_sync(file), 0);
        eddy_file_close(file);
}

static void try_eddy_file_datasync(void)
{
        eddy_file *file = open_file("datasync", "");

        assert_refused(eddy_file_datasync(file));
        assert_int_equal(eddy_file_datasync(file), 0);
        eddy_file_close(file);
}

static void try_eddy_file_stat(void)
{
        eddy_file *file = open_file("stat", "");
        struct stat status;

        assert_refused(eddy_file_stat(file, &status));
        assert_int_equal(eddy_file_stat(file, &status), 0);
        eddy_file_close(file);
}

static void try_eddy_file_size(void)
{
        eddy_file *file = open_file("size", "data");

        assert_refused(eddy_file_size(file));
        assert_int_equal(eddy_file_size(file), 4);
        eddy_file_close(file);
}

static void try_eddy_file_truncate(void)
{
        eddy_file *file = open_file("truncate", "data");

        assert_refused(eddy_file_truncate(file, 1));
        assert_int_equal(size_of(in_own_folder("truncate")), 4);
        assert_int_equal(eddy_file_truncate(file, 1), 0);
        eddy_file_close(file);
}

static void try_eddy_read_file(void)
{
        const char *path = own_file("read_file", "data");
        char *data = NULL;

        assert_refused(eddy_read_file(path, &data, 100));
        assert_null(data);
        assert_int_equal(eddy_read_file(path, &data, 100), 4);
        free(data);
}

static void try_eddy_write_file(void)
{
        const char *path = in_own_folder("write_file");

        assert_refused(eddy_write_file(path, "lost", 4, 0600));
        assert_false(exists(path));
        assert_int_equal(eddy_write_file(path, "kept", 4, 0600), 0);
}

static void try_eddy_path_stat(void)
{
        struct stat status;

        assert_refused(eddy_path_stat(own_folder(), &status));
        assert_int_equal(eddy_path_stat(own_folder(), &status), 0);
}

static void try_eddy_path_lstat(void)
{
        struct stat status;

        assert_refused(eddy_path_lstat(own_folder(), &status));
        assert_int_equal(eddy_path_lstat(own_folder(), &status), 0);
}

static void try_eddy_path_unlink(void)
{
        const char *path = own_file("unlink", "");

        assert_refused(eddy_path_unlink(path));
        assert_true(exists(path));
        assert_int_equal(eddy_path_unlink(path), 0);
}

static void try_eddy_path_rename(void)
{
        const char *path = own_file("rename", ""), *new_path = in_own_folder("renamed");

        assert_refused(eddy_path_rename(path, new_path));
        assert_true(exists(path));
        assert_int_equal(eddy_path_rename(path, new_path), 0);
}

static void try_eddy_path_mkdir(void)
{
        const char *path = in_own_folder("mkdir");

        assert_refused(eddy_path_mkdir(path, 0700));
        assert_false(exists(path));
        assert_int_equal(eddy_path_mkdir(path, 0700), 0);
}

static void try_eddy_path_rmdir(void)
{
        const char *path = in_own_folder("rmdir");

        assert_int_equal(mkdir(path, 0700), 0);
        assert_refused(eddy_path_rmdir(path));
        assert_true(exists(path));
        assert_int_equal(eddy_path_rmdir(path), 0);
}

static void try_eddy_path_chmod(void)
{
        const char *path = own_file("chmod", "");
        struct stat status;

        assert_refused(eddy_path_chmod(path, 0640));
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        assert_int_equal(eddy_path_chmod(path, 0640), 0);
}

static void try_eddy_path_symlink(void)
{
        const char *path = in_own_folder("symlink");

        assert_refused(eddy_path_symlink("target", path));
        assert_false(exists(path));
        assert_int_equal(eddy_path_symlink("target", path), 0);
}

static void try_eddy_path_readlink(void)
{
        const char *path = in_own_folder("readlink");
        char target[16];

        assert_int_equal(symlink("target", path), 0);
        assert_refused(eddy_path_readlink(path, target, sizeof target));
        assert_int_equal(eddy_path_readlink(path, target, sizeof target), 6);
}

static void try_eddy_directory_open(void)
{
        eddy_directory *directory = NULL;

        assert_refused(eddy_directory_open(&directory, own_folder()));
        assert_null(directory);
        assert_int_equal(eddy_directory_open(&directory, own_folder()), 0);
        eddy_directory_close(directory);
}

static void try_eddy_directory_open_at(void)
{
        eddy_directory *directory = NULL;

        assert_refused(eddy_directory_open_at(&directory, AT_FDCWD, own_folder()));
        assert_null(directory);
        assert_int_equal(eddy_directory_open_at(&directory, AT_FDCWD, own_folder()), 0);
        eddy_directory_close(directory);
}

/** A folder with two entries, opened. */
static eddy_directory *open_folder_of_two(void)
{
        const char *path = in_own_folder("two");
        eddy_directory *directory;

        mkdir(path, 0700);
        own_file("two/a", "");
        own_file("two/b", "");
        assert_int_equal(eddy_directory_open(&directory, path), 0);
        return directory;
}

static void try_eddy_directory_next(void)
{
        eddy_directory *directory = open_folder_of_two();
        eddy_directory_entry entry;

        assert_refused(eddy_directory_next(directory, &entry));
        assert_int_equal(eddy_directory_next(directory, &entry), 1);
        assert_refused(eddy_directory_next(directory, &entry)); /* of what was read ahead */
        assert_int_equal(eddy_directory_next(directory, &entry), 1);
        assert_refused(eddy_directory_next(directory, &entry)); /* at the end */
        assert_int_equal(eddy_directory_next(directory, &entry), 0);
        eddy_directory_close(directory);
}

static void try_eddy_directory_close(void)
{
        eddy_directory *directory = open_folder_of_two();
        int fd = eddy_directory_fd(directory);

        WHILE_CANCELLED
        eddy_directory_close(directory);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
}

const struct row file_rows[] = {
    ROW(eddy_file_open),
    ROW(eddy_file_open_at),
    ROW(eddy_file_open_temporary),
    EXEMPT(eddy_file_close, "gives the file back, and then reports"),
    ROW(eddy_file_read),
    ROW(eddy_file_read_at),
    ROW(eddy_file_readv),
    ROW(eddy_file_read_all),
    ROW(eddy_file_write),
    ROW(eddy_file_write_at),
    ROW(eddy_file_writev),
    ROW(eddy_file_write_all),
    ROW(eddy_file_sync),
    ROW(eddy_file_datasync),
    ROW(eddy_file_stat),
    ROW(eddy_file_size),
    ROW(eddy_file_truncate),
    ROW(eddy_read_file),
    ROW(eddy_write_file),
    ROW(eddy_path_stat),
    ROW(eddy_path_lstat),
    ROW(eddy_path_unlink),
    ROW(eddy_path_rename),
    ROW(eddy_path_mkdir),
    ROW(eddy_path_rmdir),
    ROW(eddy_path_chmod),
    ROW(eddy_path_symlink),
    ROW(eddy_path_readlink),
    ROW(eddy_directory_open),
    ROW(eddy_directory_open_at),
    ROW(eddy_directory_next),
    EXEMPT(eddy_directory_close, "gives the directory back"),
    {.name = NULL},
};
