#include "fetch_name.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { EXTENSION_MAX = 16 };

struct fetch_name_entry {
        char *name;        /* NULL: free */
        unsigned numbered; /* the highest number tried behind it */
};

static int hex(char digit)
{
        if (digit >= '0' && digit <= '9')
                return digit - '0';
        digit |= 0x20;
        return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int fetch_name_unhex(const char *at, const char *end)
{
        if (end - at < 3 || hex(at[1]) < 0 || hex(at[2]) < 0)
                return -1;
        return hex(at[1]) << 4 | hex(at[2]);
}

static const char *last_part(const char *url, size_t *size)
{
        const char *scheme = strstr(url, "://");
        const char *host = scheme ? scheme + 3 : url;
        size_t n = strcspn(host, "?#");
        const char *slash = memrchr(host, '/', n);

        *size = slash ? (size_t)(host + n - slash - 1) : 0;
        return slash ? slash + 1 : host;
}

static char safe(int byte, bool is_first)
{
        if (byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\')
                return '_';
        if (is_first && (byte == '.' || byte == '-' || byte == '~'))
                return '_';
        return (char)byte;
}

/* Cut a name that is too long, but keep its ending, and no half of a UTF-8 character. */
static size_t shorten(const char *long_name, size_t n, char *name)
{
        const char *dot = memrchr(long_name, '.', n);
        size_t ending = dot ? (size_t)(long_name + n - dot) : 0;
        size_t stem;

        if (ending > EXTENSION_MAX)
                ending = 0;
        stem = FETCH_NAME_MAX - ending;
        while (stem > 1 && (long_name[stem] & 0xc0) == 0x80)
                stem--;
        memcpy(name, long_name, stem);
        memcpy(name + stem, long_name + n - ending, ending);
        return stem + ending;
}

void fetch_name_make(const char *bytes, size_t n, char name[FETCH_NAME_MAX + 1])
{
        char text[4 * FETCH_NAME_MAX];
        size_t i;

        for (i = 0; i < n && i < sizeof text; i++)
                text[i] = safe((unsigned char)bytes[i], i == 0);
        if (i > FETCH_NAME_MAX)
                i = shorten(text, i, name);
        else
                memcpy(name, text, i);
        name[i] = '\0';
}

void fetch_name_of(const char *url, char name[FETCH_NAME_MAX + 1])
{
        char decoded[4 * FETCH_NAME_MAX];
        size_t size, n = 0;
        const char *part = last_part(url, &size);

        for (size_t i = 0; i < size && n < sizeof decoded; i++) {
                int byte = part[i] == '%' ? fetch_name_unhex(part + i, part + size) : -1;

                decoded[n++] = byte < 0 ? part[i] : (char)byte;
                i += byte < 0 ? 0 : 2;
        }
        if (n == 0)
                fetch_name_make("index.html", 10, name);
        else
                fetch_name_make(decoded, n, name);
}

static size_t slot_of(const struct fetch_names *names, const char *name)
{
        uint64_t hash = 0xcbf29ce484222325;
        size_t slot;

        for (const char *at = name; *at; at++)
                hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
        slot = hash & (names->capacity - 1);
        while (names->entries[slot].name && strcmp(names->entries[slot].name, name) != 0)
                slot = (slot + 1) & (names->capacity - 1);
        return slot;
}

static bool grow(struct fetch_names *names)
{
        struct fetch_names larger = {.count = names->count,
                                     .capacity = names->capacity ? 2 * names->capacity : 64};

        larger.entries = calloc(larger.capacity, sizeof *larger.entries);
        if (!larger.entries)
                return false;
        for (size_t i = 0; i < names->capacity; i++)
                if (names->entries[i].name)
                        larger.entries[slot_of(&larger, names->entries[i].name)] = names->entries[i];
        free(names->entries);
        *names = larger;
        return true;
}

/* The entry of a name, new or not; valid until the next call. NULL without memory. */
static struct fetch_name_entry *enter(struct fetch_names *names, const char *name, bool *is_new)
{
        struct fetch_name_entry *entry;

        if (2 * (names->count + 1) > names->capacity && !grow(names))
                return NULL;
        entry = &names->entries[slot_of(names, name)];
        *is_new = !entry->name;
        if (*is_new) {
                entry->name = strdup(name);
                if (!entry->name)
                        return NULL;
                names->count++;
        }
        return entry;
}

void fetch_names_finish(struct fetch_names *names)
{
        for (size_t i = 0; i < names->capacity; i++)
                free(names->entries[i].name);
        free(names->entries);
        *names = (struct fetch_names){0};
}

bool fetch_names_list(struct fetch_names *names, const char *folder, size_t most)
{
        DIR *directory = opendir(folder);
        const struct dirent *entry = NULL;
        bool is_new;

        while (directory && names->count <= most && (entry = readdir(directory)))
                if (!enter(names, entry->d_name, &is_new))
                        break;
        if (directory)
                closedir(directory);
        return directory && !entry && names->count <= most;
}

bool fetch_names_has(const struct fetch_names *names, const char *name)
{
        return names->capacity > 0 && names->entries[slot_of(names, name)].name;
}

/* NAME-2.EXT, with what is too long cut from NAME, and no half of a UTF-8 character left of it. */
static void number_name(char out[FETCH_NAME_MAX + 1], const char *name, unsigned number)
{
        const char *dot = strrchr(name, '.');
        size_t n = strlen(name), stem = dot && dot != name ? (size_t)(dot - name) : n;
        char middle[16] = "";
        size_t too_long;

        if (number > 0)
                n += (size_t)snprintf(middle, sizeof middle, "-%u", number);
        too_long = n > FETCH_NAME_MAX ? n - FETCH_NAME_MAX : 0;
        if (too_long > 0 && too_long < stem) {
                size_t cut = stem - too_long;

                while (cut > 1 && (name[cut] & 0xc0) == 0x80)
                        cut--;
                snprintf(out, FETCH_NAME_MAX + 1, "%.*s%s%s", (int)cut, name, middle, name + stem);
                return;
        }
        snprintf(out, FETCH_NAME_MAX + 1, "%.*s%s%s", (int)stem, name, middle, name + stem);
}

char *fetch_names_choose(struct fetch_names *names, const char *folder, const char *name,
                         enum fetch_existing existing, bool *exists)
{
        size_t size = (folder ? strlen(folder) : 0) + strlen(name) + 16;
        char *path = malloc(size), candidate[FETCH_NAME_MAX + 1];
        struct fetch_name_entry *entry;
        bool is_new;
        unsigned number;
        struct stat status;

        entry = path ? enter(names, name, &is_new) : NULL;
        if (!entry)
                goto undo_path;
        for (number = is_new ? 0 : entry->numbered + 1;; number++) {
                number_name(candidate, name, number);
                if (number > 0 && !enter(names, candidate, &is_new))
                        goto undo_path;
                if (!is_new)
                        continue;
                snprintf(path, size, "%s%s%s", folder ? folder : "", folder ? "/" : "", candidate);
                if (!exists)
                        break;
                *exists = lstat(path, &status) == 0;
                if (!*exists || existing != FETCH_NUMBER)
                        break;
        }
        entry = enter(names, name, &is_new); /* it may have moved */
        if (!entry)
                goto undo_path;
        entry->numbered = number;
        return path;

undo_path:
        free(path);
        return NULL;
}
