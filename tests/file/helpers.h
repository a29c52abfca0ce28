/* What the tests of files share: a folder for each program, and threads that wait at a gate. */
#ifndef TESTS_FILE_HELPERS_H
#define TESTS_FILE_HELPERS_H

#include "../stream/helpers.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

static char folder[64];

static inline int make_folder(void **state)
{
        (void)state;
        snprintf(folder, sizeof folder, "%s/eddy-test-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static inline int remove_folder(void **state)
{
        char command[128];

        (void)state;
        snprintf(command, sizeof command, "rm -rf '%s'", folder);
        return chdir("/") == 0 ? system(command) : -1;
}

/** Create a file in the system's own way. */
static inline void put_file(const char *path, const void *data, size_t n)
{
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, n, file), n);
        assert_int_equal(fclose(file), 0);
}

static inline void assert_content(const char *path, const char *expected)
{
        char text[256];
        FILE *file = fopen(path, "r");
        size_t n;

        assert_non_null(file);
        n = fread(text, 1, sizeof text - 1, file);
        text[n] = '\0';
        fclose(file);
        assert_string_equal(text, expected);
}

static inline bool exists(const char *path)
{
        return access(path, F_OK) == 0;
}

/** How many names a folder has. */
static inline unsigned count_names(const char *path)
{
        DIR *directory = opendir(path);
        unsigned count = 0;

        assert_non_null(directory);
        while (readdir(directory))
                count++;
        closedir(directory);
        return count - 2;
}

/* A gate that system calls wait at which are wrapped so in this program. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_is_closed;
static unsigned gate_waiting;

static inline unsigned waiting_at_gate(void)
{
        unsigned n;

        pthread_mutex_lock(&gate_lock);
        n = gate_waiting;
        pthread_mutex_unlock(&gate_lock);
        return n;
}

static inline void set_gate(bool is_open)
{
        pthread_mutex_lock(&gate_lock);
        gate_is_closed = !is_open;
        pthread_cond_broadcast(&gate_changed);
        pthread_mutex_unlock(&gate_lock);
}

static inline void pass_gate(void)
{
        pthread_mutex_lock(&gate_lock);
        gate_waiting++;
        while (gate_is_closed)
                pthread_cond_wait(&gate_changed, &gate_lock);
        gate_waiting--;
        pthread_mutex_unlock(&gate_lock);
}

#endif
