/* Names that begin with a dot are not listed, as ls does not. Of a link nothing but its name is told: what it
 * leads to may lie outside. */
#include "http/listing.h"

#include "base/memory.h"
#include "base/sys.h"
#include "http/target.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct names {
        char **names; /* folders with a slash at the end */
        size_t count, capacity;
};

static int add_name(struct names *list, const char *name, bool is_folder)
{
        size_t size = strlen(name);
        char *copy;

        if (list->count == list->capacity) {
                size_t capacity = list->capacity ? 2 * list->capacity : 64;
                char **names = memory_realloc(list->names, capacity * sizeof *names);

                if (!names)
                        return -ENOMEM;
                list->names = names;
                list->capacity = capacity;
        }
        copy = memory_alloc(size + 2);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, name, size);
        copy[size] = is_folder ? '/' : '\0';
        copy[size + 1] = '\0';
        list->names[list->count++] = copy;
        return 0;
}

static int read_names(struct names *list, DIR *folder)
{
        const struct dirent *entry;
        int rc = 0;

        while (rc == 0 && (entry = readdir(folder)))
                if (entry->d_name[0] != '.')
                        rc = add_name(list, entry->d_name, entry->d_type == DT_DIR);
        return rc;
}

static void free_names(struct names *list)
{
        for (size_t i = 0; i < list->count; i++)
                memory_free(list->names[i]);
        memory_free(list->names);
}

static int compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Room for n more bytes at the end of the page, or NULL. */
static char *extend(struct listing *page, size_t n)
{
        if (page->size + n > page->capacity) {
                size_t capacity = 2 * page->capacity + n + 1024;
                char *text = memory_realloc(page->text, capacity);

                if (!text)
                        return NULL;
                page->text = text;
                page->capacity = capacity;
        }
        return page->text + page->size;
}

static int put(struct listing *page, const char *text)
{
        size_t n = strlen(text);
        char *at = extend(page, n);

        if (!at)
                return -ENOMEM;
        memcpy(at, text, n);
        page->size += n;
        return 0;
}

static const char *entity(char letter)
{
        switch (letter) {
        case '<':
                return "&lt;";
        case '>':
                return "&gt;";
        case '&':
                return "&amp;";
        case '"':
                return "&quot;";
        default:
                return NULL;
        }
}

static int put_escaped(struct listing *page, const char *text)
{
        char *at = extend(page, strlen(text) * 6);
        const char *start = at;

        if (!at)
                return -ENOMEM;
        for (; *text; text++) {
                const char *escape = entity(*text);

                if (escape)
                        at = stpcpy(at, escape);
                else
                        *at++ = *text;
        }
        page->size += (size_t)(at - start);
        return 0;
}

static int put_link(struct listing *page, const char *name)
{
        /* "./": a name such as "http:x" is no URL of its own. */
        int rc = put(page, "<li><a href=\"./");
        char *at = rc == 0 ? extend(page, strlen(name) * 3) : NULL;

        if (!at)
                return -ENOMEM;
        page->size += http_target_encode(name, at);
        rc = put(page, "\">");
        if (rc == 0)
                rc = put_escaped(page, name);
        return rc == 0 ? put(page, "</a>\n") : rc;
}

static int put_page(struct listing *page, const char *path, const struct names *list)
{
        int rc = put(page, "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>/");

        if (rc == 0)
                rc = put_escaped(page, path);
        if (rc == 0)
                rc = put(page, "</title>\n<ul>\n");
        if (rc == 0 && *path)
                rc = put(page, "<li><a href=\"../\">../</a>\n");
        for (size_t i = 0; i < list->count && rc == 0; i++)
                rc = put_link(page, list->names[i]);
        return rc == 0 ? put(page, "</ul>\n") : rc;
}

int listing_make(struct listing *page, int fd, const char *path)
{
        struct names list = {0};
        DIR *folder = fdopendir(fd);
        int rc;

        if (!folder) {
                sys_close(fd);
                return -ENOMEM;
        }
        rc = read_names(&list, folder);
        if (rc == 0) {
                if (list.count > 0)
                        qsort(list.names, list.count, sizeof *list.names, compare);
                rc = put_page(page, path, &list);
        }
        closedir(folder);
        free_names(&list);
        return rc;
}

void listing_finish(struct listing *page)
{
        memory_free(page->text);
        *page = (struct listing){0};
}
