#include "interruption.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
        (void)status, (void)type, (void)place;
        return remove(path);
}

static void remove_own_folder(void)
{
        nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *own_folder(void)
{
        if (!folder[0]) {
                snprintf(folder, sizeof folder, "/tmp/eddy-interruption-XXXXXX");
                assert_non_null(mkdtemp(folder));
                atexit(remove_own_folder);
        }
        return folder;
}

const char *in_own_folder(const char *name)
{
        static char paths[8][128];
        static unsigned turn;
        char *path = paths[turn++ % 8];

        snprintf(path, sizeof paths[0], "%s/%s", own_folder(), name);
        return path;
}

const char *own_file(const char *name, const char *text)
{
        const char *path = in_own_folder(name);
        int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
        return path;
}

static intptr_t try(void *row)
{
        ((const struct row *)row)->try();
        return 0;
}

static void try_row(void **row)
{
        assert_int_equal(run_main(try, *row), 0);
}

int main(void)
{
        static const struct row *const parts[] = {task_rows,   sync_rows, stream_rows,
                                                  socket_rows, file_rows, other_rows};
        struct CMUnitTest tests[256] = {{0}};
        size_t count = 0;

        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
                for (const struct row *row = parts[i]; row->name; row++, count++)
                        tests[count] = (struct CMUnitTest){
                            .name = row->name, .test_func = try_row, .initial_state = (void *)(uintptr_t)row};
        return _cmocka_run_group_tests("calls", tests, count, NULL, NULL);
}
