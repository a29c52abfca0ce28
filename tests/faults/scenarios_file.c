#include "scenarios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** A folder for one run, removed however that goes. */
struct place {
        char folder[32];
        char path[64];
};

static int place_init(struct place *place)
{
        strcpy(place->folder, "/tmp/eddy-faults-XXXXXX");
        return mkdtemp(place->folder) ? 0 : -errno;
}

static const char *path_in(struct place *place, const char *name)
{
        snprintf(place->path, sizeof place->path, "%s/%s", place->folder, name);
        return place->path;
}

static void place_finish(struct place *place)
{
        static const char *const names[] = {"a", "b", "link", "sub/x", "sub/y"};

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                unlink(path_in(place, names[i]));
        rmdir(path_in(place, "sub"));
        rmdir(place->folder);
}

static int first_error(ssize_t one, ssize_t two)
{
        return one < 0 ? (int)one : two < 0 ? (int)two : 0;
}

static int use(eddy_file *file)
{
        char buffer[64];
        char *data;
        ssize_t rc = eddy_file_write_all(file, "some text", 9);

        if (rc >= 0)
                rc = eddy_file_write_at(file, "more", 4, 9);
        if (rc >= 0)
                rc = eddy_file_read_at(file, buffer, sizeof buffer, 0);
        if (rc >= 0)
                rc = eddy_file_seek(file, 0, SEEK_SET);
        if (rc >= 0)
                rc = eddy_file_read(file, buffer, 4);
        if (rc >= 0)
                rc = eddy_file_read_all(file, &data, 1000);
        if (rc >= 0)
                eddy_free(data);
        if (rc >= 0)
                rc = eddy_file_truncate(file, 3);
        if (rc >= 0)
                rc = eddy_file_datasync(file);
        return first_error(rc, rc < 0 ? 0 : eddy_file_size(file));
}

static intptr_t reading_and_writing(void *arg)
{
        struct place place;
        eddy_file *file;
        int rc = place_init(&place);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_file_open(&file, path_in(&place, "a"), O_RDWR | O_CREAT, 0600);
        if (rc == 0) {
                rc = use(file);
                rc = first_error(rc, eddy_file_close(file));
        }
        place_finish(&place);
        return rc;
}

static intptr_t temporary(void *arg)
{
        eddy_file *file;
        int rc = eddy_file_open_temporary(&file, NULL);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = first_error(eddy_file_write_all(file, "x", 1), 0);
        return first_error(rc, eddy_file_close(file));
}

static intptr_t wholes(void *arg)
{
        struct place place;
        int rc = place_init(&place);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_write_file(path_in(&place, "a"), "first", 5, 0600);
        if (rc == 0) /* over one that is there */
                rc = eddy_write_file(place.path, "whole", 5, 0600);
        if (rc == 0) {
                char *data;
                ssize_t n = eddy_read_file(place.path, &data, 1000);

                if (n >= 0)
                        eddy_free(data);
                rc = first_error(n, 0);
        }
        place_finish(&place);
        return rc;
}

/** To what is written to by the loop. */
static intptr_t whole_to_fifo(void *arg)
{
        struct place place;
        int rc = place_init(&place), reader;

        (void)arg;
        if (rc < 0)
                return rc;
        reader =
            mkfifo(path_in(&place, "a"), 0600) == 0 ? open(place.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
        rc = eddy_write_file(place.path, "whole", 5, 0600);
        close(reader);
        place_finish(&place);
        return rc;
}

static intptr_t paths(void *arg)
{
        struct place place;
        struct stat status;
        char target[64];
        ssize_t rc = place_init(&place);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = eddy_path_symlink("a", path_in(&place, "link"));
        if (rc == 0)
                rc = eddy_path_readlink(place.path, target, sizeof target);
        if (rc >= 0)
                rc = eddy_path_unlink(place.path);
        if (rc == 0)
                rc = eddy_path_mkdir(path_in(&place, "sub"), 0700);
        if (rc == 0)
                rc = eddy_path_stat(place.path, &status);
        if (rc == 0)
                rc = eddy_path_rmdir(place.path);
        place_finish(&place);
        return rc < 0 ? rc : 0;
}

static intptr_t listing(void *arg)
{
        eddy_directory *directory;
        eddy_directory_entry entry;
        int rc = eddy_directory_open(&directory, "/proc/self/fdinfo");

        (void)arg;
        if (rc < 0)
                return rc;
        while ((rc = eddy_directory_next(directory, &entry)) > 0)
                ;
        eddy_directory_close(directory);
        return rc;
}

static int see_what_happens(struct place *place, eddy_watch *watch)
{
        eddy_watch_event event;
        int rc = eddy_watch_add_tree(watch, place->folder, EDDY_WATCH_CREATED);

        if (rc < 0)
                return rc;
        if (mkdir(path_in(place, "sub"), 0700) < 0)
                return -errno;
        close(creat(path_in(place, "sub/x"), 0600));
        do
                rc = eddy_watch_next(watch, &event);
        while (rc > 0 && strcmp(event.name, "x") != 0);
        return rc < 0 ? rc : 0;
}

static intptr_t watching(void *arg)
{
        struct place place;
        eddy_watch *watch;
        int rc = eddy_watch_open(&watch);

        (void)arg;
        if (rc < 0)
                return rc;
        rc = place_init(&place);
        if (rc == 0) {
                rc = see_what_happens(&place, watch);
                place_finish(&place);
        }
        eddy_watch_close(watch);
        return rc;
}

const struct scenario scenarios[] = {
    {"reading and writing", reading_and_writing},
    {"temporary", temporary},
    {"wholes", wholes},
    {"whole_to_fifo", whole_to_fifo},
    {"paths", paths},
    {"listing", listing},
    {"watching", watching},
    {NULL, NULL},
};
