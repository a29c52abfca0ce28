/* What names hold is escaped twice over, for URLs and for HTML: they may have been chosen by a stranger. */
#include "http/listing_page.h"

#include "base/memory.h"
#include "http/content_type.h"
#include "http/listing_text.h"
#include "http/target.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for n more bytes at the end of the page, or NULL; and then the page is none, and nothing more is put. */
static char *extend(struct listing *page, size_t n)
{
        if (page->size + n > page->capacity && !page->has_failed) {
                size_t capacity = 2 * page->capacity + n + 1024;
                char *text = memory_realloc(page->text, capacity);

                page->has_failed = !text;
                if (text) {
                        page->text = text;
                        page->capacity = capacity;
                }
        }
        return page->has_failed ? NULL : page->text + page->size;
}

static void put(struct listing *page, const char *text)
{
        size_t n = strlen(text);
        char *at = extend(page, n);

        if (!at)
                return;
        memcpy(at, text, n);
        page->size += n;
}

/* Something short. */
__attribute__((format(printf, 2, 3))) static void put_format(struct listing *page, const char *format, ...)
{
        char text[256];
        va_list values;

        va_start(values, format);
        vsnprintf(text, sizeof text, format, values);
        va_end(values);
        put(page, text);
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

static void put_escaped(struct listing *page, const char *text, size_t n)
{
        char *at = extend(page, n * 6);
        const char *start = at;

        if (!at)
                return;
        for (const char *end = text + n; text < end; text++) {
                const char *escape = entity(*text);

                if (escape)
                        at = stpcpy(at, escape);
                else
                        *at++ = *text;
        }
        page->size += (size_t)(at - start);
}

static void put_encoded(struct listing *page, const char *name)
{
        char *at = extend(page, strlen(name) * 3);

        if (at)
                page->size += http_target_encode(name, at);
}

static const char *const order_names[] = {"name", "size", "time"};

/* What asks for an order; nothing where it is the one that nobody has to ask for. */
static void put_query(struct listing *page, enum listing_order order, bool is_descending)
{
        if (order != LISTING_BY_NAME || is_descending)
                put_format(page, "?sort=%s%s", order_names[order], is_descending ? "&amp;order=desc" : "");
}

static void put_own_query(struct listing *page, const struct listing_options *options)
{
        put_query(page, options->order, options->is_descending);
}

/* The beginning of a link to a folder so many above. */
static void put_link_up(struct listing *page, size_t above, const struct listing_options *options)
{
        put(page, "<a href=\"./");
        for (size_t i = 0; i < above; i++)
                put(page, "../");
        put_own_query(page, options);
        put(page, "\"");
}

/* The folders on the way: each a link, in the same order. */
static void put_trail(struct listing *page, const char *path, const struct listing_options *options)
{
        size_t depth = 0;

        for (const char *at = path; (at = strchr(at, '/')); at++)
                depth++;
        put(page, "<h1>");
        put_link_up(page, depth, options);
        put(page, " aria-label=\"top folder\">\xe2\x8c\x82</a><i>/</i>");
        while (depth > 0) {
                const char *slash = strchr(path, '/');

                if (--depth > 0) {
                        put_link_up(page, depth, options);
                        put(page, ">");
                }
                put_escaped(page, path, (size_t)(slash - path));
                put(page, depth > 0 ? "</a><i>/</i>" : "");
                path = slash + 1;
        }
        put(page, "</h1>\n");
}

/* What is looked for first: the largest and the newest. A second click turns it round. */
static void put_column(struct listing *page, enum listing_order order, const char *title,
                       const struct listing_options *options)
{
        bool is_descending = order != LISTING_BY_NAME;
        const char *sorted = "", *arrow = "";

        if (options->order == order) {
                is_descending = !options->is_descending;
                sorted = options->is_descending ? " aria-sort=\"descending\"" : " aria-sort=\"ascending\"";
                arrow = options->is_descending ? " \xe2\x86\x93" : " \xe2\x86\x91";
        }
        put_format(page, "<th%s><a href=\"./", sorted);
        put_query(page, order, is_descending);
        put_format(page, "\">%s%s</a>", title, arrow);
}

static bool begins(const char *text, const char *with)
{
        return strncmp(text, with, strlen(with)) == 0;
}

static bool is_archive(const char *type)
{
        static const char *const parts[] = {"zip", "tar", "compressed", "-xz", "zstd", "rar"};

        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
                if (strstr(type, parts[i]))
                        return true;
        return false;
}

/* The class of a row, which has an icon. */
static const char *class_of(const struct listing_entry *entry)
{
        const char *type = http_content_type(entry->name);

        if (entry->kind == LISTING_FOLDER)
                return " class=d";
        if (entry->kind == LISTING_LINK)
                return " class=l";
        if (begins(type, "image/"))
                return " class=i";
        if (begins(type, "audio/") || begins(type, "video/"))
                return " class=m";
        return is_archive(type) ? " class=z" : "";
}

static void put_size(struct listing *page, int64_t size)
{
        static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
        double value = (double)size / 1000;
        size_t unit = 0;

        if (size < 1000) {
                char digits[4] = {(char)('0' + size / 100), (char)('0' + size / 10 % 10),
                                  (char)('0' + size % 10)};

                put(page, digits + (size < 100) + (size < 10));
                put(page, " B");
                return;
        }
        for (; value >= 999.5; unit++)
                value /= 1000;
        put_format(page, value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* A minute as text. Many files of one folder are of the same. */
struct minute {
        time_t start;
        char text[64]; /* "": there is none yet */
};

static void put_time(struct listing *page, time_t when, struct minute *last)
{
        struct tm local;

        if (!*last->text || when < last->start || when - last->start >= 60) {
                *last->text = '\0';
                if (localtime_r(&when, &local) &&
                    strftime(last->text, sizeof last->text, "%Y-%m-%d %H:%M", &local) > 0)
                        last->start = when - local.tm_sec;
        }
        put(page, last->text);
}

static void put_entry(struct listing *page, const struct listing_entry *entry,
                      const struct listing_options *options, struct minute *last)
{
        bool is_folder = entry->kind == LISTING_FOLDER;

        /* "./": a name such as "http:x" is no URL of its own. */
        put(page, "<tr");
        put(page, class_of(entry));
        put(page, "><td><a href=\"./");
        put_encoded(page, entry->name);
        put(page, is_folder ? "/" : "");
        if (is_folder)
                put_own_query(page, options);
        put(page, "\">");
        put_escaped(page, entry->name, strlen(entry->name));
        put(page, is_folder ? "/</a><td>" : "</a><td>");
        if (entry->kind == LISTING_FILE)
                put_size(page, entry->size);
        put(page, "<td>");
        if (entry->kind != LISTING_LINK)
                put_time(page, entry->modified, last);
        put(page, "\n");
}

static void put_table(struct listing *page, const char *path, const struct listing_entries *list,
                      const struct listing_options *options)
{
        struct minute last = {.text = ""};

        put(page, "<table><thead><tr>");
        put_column(page, LISTING_BY_NAME, "Name", options);
        put_column(page, LISTING_BY_SIZE, "Size", options);
        put_column(page, LISTING_BY_TIME, "Changed", options);
        put(page, "\n<tbody>\n");
        if (*path) {
                put(page, "<tr class=u><td>");
                put_link_up(page, 1, options);
                put(page, ">../</a><td><td>\n");
        }
        for (size_t i = 0; i < list->count && !page->has_failed; i++)
                put_entry(page, &list->entries[i], options, &last);
        put(page, list->count == 0 ? "</table>\n<p class=none>Nothing is here</p>\n" : "</table>\n");
}

static void put_sum(struct listing *page, const struct listing_entries *list)
{
        size_t folders = 0, files;
        int64_t size = 0;

        for (size_t i = 0; i < list->count; i++) {
                folders += list->entries[i].kind == LISTING_FOLDER;
                size += list->entries[i].kind == LISTING_FILE ? list->entries[i].size : 0;
        }
        files = list->count - folders;
        put(page, "<footer>");
        if (folders > 0)
                put_format(page, "%zu folder%s%s", folders, folders == 1 ? "" : "s", files > 0 ? ", " : "");
        if (files > 0) {
                put_format(page, "%zu file%s, ", files, files == 1 ? "" : "s");
                put_size(page, size);
        }
        put(page, "</footer>\n");
}

int listing_page_put(struct listing *page, const char *path, const struct listing_entries *list,
                     const struct listing_options *options)
{
        put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>/");
        put_escaped(page, path, strlen(path));
        put(page, "</title>\n<style>\n");
        put(page, listing_style);
        put(page, "</style>\n");
        put_trail(page, path, options);
        if (options->has_form)
                put(page, listing_form);
        put(page, "<div class=card>\n");
        put_table(page, path, list, options);
        put(page, "</div>\n");
        put_sum(page, list);
        return page->has_failed ? -ENOMEM : 0;
}
