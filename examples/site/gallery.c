/* The folder of pictures, which is all that is known of them: when one came is in its name. */
#include "site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Names in a folder. */
struct names {
        char (*list)[80];
        size_t count, room;
};

static int add_name(struct names *names, const char *name)
{
        if (names->count == names->room) {
                size_t room = names->room * 2 + 16;
                void *list = realloc(names->list, room * sizeof *names->list);
                if (!list)
                        return -ENOMEM;
                names->list = list;
                names->room = room;
        }
        snprintf(names->list[names->count++], sizeof *names->list, "%s", name);
        return 0;
}

static int read_names(struct names *names, const char *folder, bool hidden)
{
        eddy_directory *directory;
        eddy_directory_entry entry;
        int rc = eddy_directory_open(&directory, folder);
        if (rc < 0)
                return rc;
        while ((rc = eddy_directory_next(directory, &entry)) > 0)
                if ((entry.name[0] == '.') == hidden && (rc = add_name(names, entry.name)) < 0)
                        break;
        eddy_directory_close(directory);
        return rc;
}

static int newest_first(const void *a, const void *b)
{
        return strcmp(b, a);
}

/* "0066e1b2c3-1a2b3c4d-my-cat.png" is called "my cat". */
static void add_row(struct text *rows, const char *name)
{
        enum { BEFORE = 10 + 1 + 8 + 1 };
        if (strlen(name) < BEFORE)
                return; /* not put here by pictures.c */
        text_print(rows, "<figure><a href=\"/uploads/");
        text_add_escaped(rows, name);
        text_print(rows, "\"><img src=\"/uploads/");
        text_add_escaped(rows, name);
        text_print(rows, "\" alt=\"\" loading=\"lazy\"></a><figcaption>");
        char title[80];
        snprintf(title, sizeof title, "%.*s", (int)strcspn(name + BEFORE, "."), name + BEFORE);
        for (char *dash = title; (dash = strchr(dash, '-'));)
                *dash = ' ';
        text_add_escaped(rows, title);
        text_print(rows, "</figcaption></figure>\n");
}

int gallery_rows(const struct site *site, struct text *rows)
{
        struct names names = {.count = 0};
        int rc = read_names(&names, site->pictures, false);
        if (rc == 0 && names.count > 0) {
                qsort(names.list, names.count, sizeof *names.list, newest_first);
                for (size_t i = 0; i < names.count; i++)
                        add_row(rows, names.list[i]);
        }
        free(names.list);
        return rc < 0 ? rc : rows->rc < 0 ? rows->rc : (int)names.count;
}

int gallery_count(const struct site *site)
{
        struct names names = {.count = 0};
        int rc = read_names(&names, site->pictures, false);
        free(names.list);
        return rc < 0 ? rc : (int)names.count;
}

/* Make the folder, or tidy it: what a crash has left half written is hidden, and of no use. */
int pictures_prepare(struct site *site)
{
        struct names names = {.count = 0};
        char path[1200];
        snprintf(site->pictures, sizeof site->pictures, "%s/pictures", site->data);
        int rc = eddy_path_mkdir(site->pictures, 0755);
        if (rc < 0 && rc != -EEXIST)
                return eddy_fail(rc, "%s: %s", site->pictures, eddy_strerror(rc));
        rc = read_names(&names, site->pictures, true);
        for (size_t i = 0; i < names.count; i++) {
                snprintf(path, sizeof path, "%s/%s", site->pictures, names.list[i]);
                eddy_path_unlink(path);
        }
        free(names.list);
        return rc;
}
