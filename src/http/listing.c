/* Names that begin with a dot are not listed, as ls does not. Of a link nothing but its name is told: what it
 * leads to may lie outside. */
#include "http/listing.h"

#include "base/memory.h"
#include "base/sys_file.h"
#include "http/listing_page.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static struct listing_entry *add_entry(struct listing_entries *list)
{
        if (list->count == list->capacity) {
                size_t capacity = list->capacity ? 2 * list->capacity : 64;
                struct listing_entry *entries = memory_realloc(list->entries, capacity * sizeof *entries);

                if (!entries)
                        return NULL;
                list->entries = entries;
                list->capacity = capacity;
        }
        return &list->entries[list->count];
}

static enum listing_kind kind_of(mode_t mode)
{
        return S_ISDIR(mode) ? LISTING_FOLDER : S_ISLNK(mode) ? LISTING_LINK : LISTING_FILE;
}

/* What has gone since its name was read is left out. */
static int read_entry(struct listing_entries *list, int folder, const char *name)
{
        struct listing_entry *entry;
        struct stat status;

        if (sys_lstatat(folder, name, &status) < 0)
                return 0;
        entry = add_entry(list);
        if (!entry)
                return -ENOMEM;
        *entry = (struct listing_entry){
            .name = memory_strdup(name),
            .size = status.st_size,
            .modified = status.st_mtim.tv_sec,
            .kind = kind_of(status.st_mode),
        };
        if (!entry->name)
                return -ENOMEM;
        list->count++;
        return 0;
}

static int read_entries(struct listing_entries *list, DIR *folder)
{
        const struct dirent *entry;
        int rc = 0;

        while (rc == 0 && (errno = 0, entry = readdir(folder)))
                if (entry->d_name[0] != '.')
                        rc = read_entry(list, dirfd(folder), entry->d_name);
        return rc < 0 ? rc : -errno;
}

static void free_entries(struct listing_entries *list)
{
        for (size_t i = 0; i < list->count; i++)
                memory_free(list->entries[i].name);
        memory_free(list->entries);
}

static bool is_digit(char letter)
{
        return letter >= '0' && letter <= '9';
}

/* How many digits a number has, from where its zeroes in front end; both move behind it. */
static size_t read_number(const char **at)
{
        const char *start;

        while (**at == '0')
                (*at)++;
        start = *at;
        while (is_digit(**at))
                (*at)++;
        return (size_t)(*at - start);
}

/* How many bytes two names begin with alike, but for the number that may be in its midst there. */
static size_t find_difference(const char *a, const char *b)
{
        size_t n = 0;

        while (a[n] && a[n] == b[n])
                n++;
        while (n > 0 && is_digit(a[n - 1]))
                n--;
        return n;
}

/* "2.jpg" comes before "10.jpg", and "a" beside "A". */
static int compare_names(const char *a, const char *b)
{
        const char *first = a, *second = b;
        size_t alike = find_difference(a, b);

        a += alike;
        b += alike;
        while (*a && *b) {
                if (is_digit(*a) && is_digit(*b)) {
                        size_t n = read_number(&a), m = read_number(&b);
                        int sign = n == m ? memcmp(a - n, b - m, n) : n < m ? -1 : 1;

                        if (sign != 0)
                                return sign;
                        continue;
                }
                if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
                        return tolower((unsigned char)*a) - tolower((unsigned char)*b);
                a++;
                b++;
        }
        return *a || *b ? (unsigned char)*a - (unsigned char)*b : strcmp(first, second);
}

static int sign_of(int64_t a, int64_t b)
{
        return a < b ? -1 : a > b;
}

int listing_compare(const struct listing_entry *a, const struct listing_entry *b,
                    const struct listing_options *options)
{
        int sign = 0;

        if ((a->kind == LISTING_FOLDER) != (b->kind == LISTING_FOLDER))
                return a->kind == LISTING_FOLDER ? -1 : 1;
        if (options->order == LISTING_BY_TIME)
                sign = sign_of(a->modified, b->modified);
        else if (options->order == LISTING_BY_SIZE && a->kind != LISTING_FOLDER)
                sign = sign_of(a->size, b->size);
        if (sign == 0)
                sign = compare_names(a->name, b->name);
        return options->is_descending ? -sign : sign;
}

static int compare(const void *a, const void *b, void *options)
{
        return listing_compare(a, b, options);
}

/* Whether a query has "name=value". */
static bool says(const char *query, const char *pair)
{
        size_t n = strlen(pair);

        for (const char *at = query; (at = strstr(at, pair)); at += n)
                if ((at[-1] == '?' || at[-1] == '&') && (!at[n] || at[n] == '&'))
                        return true;
        return false;
}

void listing_read_query(struct listing_options *options, const char *query)
{
        if (!query)
                return;
        if (says(query, "sort=size"))
                options->order = LISTING_BY_SIZE;
        else if (says(query, "sort=time"))
                options->order = LISTING_BY_TIME;
        options->is_descending = says(query, "order=desc");
}

int listing_make(struct listing *page, int fd, const char *path, const struct listing_options *options)
{
        struct listing_entries list = {0};
        DIR *folder = fdopendir(fd);
        int rc;

        if (!folder) {
                sys_close(fd);
                return -ENOMEM;
        }
        rc = read_entries(&list, folder);
        if (rc == 0) {
                if (list.count > 0)
                        qsort_r(list.entries, list.count, sizeof *list.entries, compare, (void *)options);
                rc = listing_page_put(page, path, &list, options);
        }
        closedir(folder);
        free_entries(&list);
        return rc;
}

void listing_finish(struct listing *page)
{
        memory_free(page->text);
        *page = (struct listing){0};
}
