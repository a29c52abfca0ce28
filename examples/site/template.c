#include "template.h"

#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 64 * 1024 };

struct template
{
        struct template *next;
        char name[32]; /* of its file, without ".html" */
        char *html;    /* eddy_free() */
};

struct templates {
        struct template *first;
};

static int load_one(struct templates *templates, const char *folder, const char *file)
{
        struct template *template = calloc(1, sizeof *template);
        char path[1024];
        if (!template)
                return -ENOMEM;
        snprintf(path, sizeof path, "%s/%s", folder, file);
        snprintf(template->name, sizeof template->name, "%.*s", (int)(strlen(file) - strlen(".html")), file);
        ssize_t n = eddy_read_file(path, &template->html, LARGEST);
        if (n < 0) {
                free(template);
                return eddy_fail((int)n, "%s: %s", path, eddy_strerror(n));
        }
        template->next = templates->first;
        templates->first = template;
        return 0;
}

static bool is_template(const char *name)
{
        size_t n = strlen(name);
        return name[0] != '.' && n > 5 && strcmp(name + n - 5, ".html") == 0;
}

int templates_load(struct templates **templates, const char *folder)
{
        eddy_directory *directory;
        eddy_directory_entry entry;
        *templates = calloc(1, sizeof **templates);
        if (!*templates)
                return -ENOMEM;
        int rc = eddy_directory_open(&directory, folder);
        if (rc < 0)
                return eddy_fail(rc, "%s: %s", folder, eddy_strerror(rc));
        while ((rc = eddy_directory_next(directory, &entry)) > 0)
                if (is_template(entry.name) && (rc = load_one(*templates, folder, entry.name)) < 0)
                        break;
        eddy_directory_close(directory);
        return rc;
}

void templates_free(struct templates *templates)
{
        while (templates && templates->first) {
                struct template *template = templates->first;
                templates->first = template->next;
                eddy_free(template->html);
                free(template);
        }
        free(templates);
}

static const char *find_template(const struct templates *templates, const char *name)
{
        for (const struct template *template = templates->first; template; template = template->next)
                if (strcmp(template->name, name) == 0)
                        return template->html;
        return NULL;
}

static const char *find_value(const struct value *values, const char *name, size_t n)
{
        for (; values && values->name; values++)
                if (strlen(values->name) == n && memcmp(values->name, name, n) == 0)
                        return values->text;
        return NULL;
}

int template_fill(struct text *out, const struct templates *templates, const char *name,
                  const struct value *values)
{
        const char *at = find_template(templates, name), *hole;
        if (!at)
                return eddy_fail(-EINVAL, "there is no template %s", name);
        for (; (hole = strstr(at, "{{")); at = hole) {
                text_add(out, at, (size_t)(hole - at));
                bool is_html = hole[2] == '{';
                hole += is_html ? 3 : 2;
                size_t n = strcspn(hole, "}");
                const char *value = find_value(values, hole, n);
                if (!value)
                        return eddy_fail(-EINVAL, "template %s: no value for %.*s", name, (int)n, hole);
                if (is_html)
                        text_add(out, value, strlen(value));
                else
                        text_add_escaped(out, value);
                hole += n;
                hole += strspn(hole, "}");
        }
        text_add(out, at, strlen(at));
        return out->rc;
}
