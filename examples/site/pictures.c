/*
 * Pictures that people bring. They are written to disk as they come, under a hidden name, and get their own when they are whole, so
 * nobody sees half of one, and one that breaks off leaves nothing.
 *
 * What a file is, its first bytes say, and not its sender: a page or an SVG could run a script here in everybody's name.
 */
#include "site.h"

#include <ctype.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PICTURE_MAX = 8 << 20, PICTURES_MAX = 200, HEAD = 12, PIECE = 16 * 1024, REFUSED = -2000 };

static const char full[] = "The gallery is full.";

/* A picture on its way to the disk. */
struct upload {
        struct site *site;
        eddy_http_multipart *form;
        const char *complaint; /* why it is refused, with `status`, where that is the sender's to know */
        int status;
        eddy_file *file;
        char hidden[1200], name[80]; /* its path meanwhile; its name in the end */
};

static int refuse(struct upload *upload, int status, const char *complaint)
{
        upload->status = status;
        upload->complaint = complaint;
        return REFUSED;
}

static const char *kind_of(const unsigned char *head)
{
        if (memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0)
                return "png";
        if (memcmp(head, "\xff\xd8\xff", 3) == 0)
                return "jpg";
        if (memcmp(head, "GIF87a", 6) == 0 || memcmp(head, "GIF89a", 6) == 0)
                return "gif";
        if (memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WEBP", 4) == 0)
                return "webp";
        return NULL;
}

/* A name of our own: when it came, so that the newest is found; chance, so that no two are the same; and what is harmless of the
 * sender's, without its ending. */
static void choose_name(struct upload *upload, const char *filename, const char *kind)
{
        const char *base = eddy_http_base_name(filename);
        const char *dot = base ? strrchr(base, '.') : NULL;
        size_t n = !base ? 0 : dot ? (size_t)(dot - base) : strlen(base);
        char stem[33], chance[9];
        unsigned char bytes[4] = {0};
        size_t size = 0;
        for (size_t i = 0; i < n && size < sizeof stem - 1; i++)
                if (isalnum((unsigned char)base[i]))
                        stem[size++] = base[i];
                else if (size > 0 && stem[size - 1] != '-')
                        stem[size++] = '-';
        if (size > 0 && stem[size - 1] == '-')
                size--;
        stem[size] = '\0';
        RAND_bytes(bytes, sizeof bytes);
        text_to_hex(chance, bytes, sizeof bytes);
        snprintf(upload->name, sizeof upload->name, "%010llx-%s-%s.%s", (long long)time(NULL), chance,
                 size > 0 ? stem : "picture", kind);
}

/* Read until there is enough to see what it is. */
static ssize_t read_head(struct upload *upload, char piece[PIECE])
{
        size_t size = 0;
        while (size < HEAD) {
                ssize_t n = eddy_http_multipart_read(upload->form, piece + size, PIECE - size);
                if (n < 0)
                        return n;
                if (n == 0)
                        return refuse(upload, 422,
                                      size == 0 ? "Please choose a picture first." : "That is no picture.");
                size += (size_t)n;
        }
        return (ssize_t)size;
}

static int copy_rest(struct upload *upload, char piece[PIECE], ssize_t n)
{
        while (n > 0) {
                ssize_t rc = eddy_file_write_all(upload->file, piece, (size_t)n);
                if (rc < 0)
                        return (int)rc;
                n = eddy_http_multipart_read(upload->form, piece, PIECE);
        }
        return n == EDDY_ELIMIT ? refuse(upload, 413, "A picture may have 8 MiB at most.") : (int)n;
}

static int write_hidden(struct upload *upload, const char *filename)
{
        char piece[PIECE];
        ssize_t n = read_head(upload, piece);
        if (n < 0)
                return (int)n;
        const char *kind = kind_of((unsigned char *)piece);
        if (!kind)
                return refuse(upload, 415, "PNG, JPEG, GIF and WebP are taken here, and this is none of them.");
        choose_name(upload, filename, kind);
        snprintf(upload->hidden, sizeof upload->hidden, "%s/.%s", upload->site->pictures, upload->name);
        int rc = eddy_file_open(&upload->file, upload->hidden, O_WRONLY | O_CREAT | O_EXCL, 0644);
        return rc < 0 ? rc : copy_rest(upload, piece, n);
}

static int keep(struct upload *upload, const char *filename)
{
        int rc = write_hidden(upload, filename);
        if (!upload->file)
                return rc;
        /* Also where whoever sends it has gone, and this task is cancelled: nothing is to be left. */
        EDDY_SHIELD_SCOPE {
                char path[1200];
                int closed = eddy_file_close(upload->file);
                if (rc == 0)
                        rc = closed;
                snprintf(path, sizeof path, "%s/%s", upload->site->pictures, upload->name);
                if (rc == 0)
                        rc = eddy_path_rename(upload->hidden, path);
                if (rc < 0)
                        eddy_path_unlink(upload->hidden);
                upload->file = NULL;
        }
        return rc;
}

/* Whoever comes meanwhile finds the place taken; what breaks off leaves it. */
static int keep_in_place(struct upload *upload, const char *filename)
{
        struct site *site = upload->site;
        site->arriving++;
        int rc = gallery_count(site);
        if (rc >= 0)
                rc = rc + site->arriving > PICTURES_MAX ? refuse(upload, 507, full) : keep(upload, filename);
        site->arriving--;
        return rc;
}

/* The token comes first, and what it is not with is not read. */
static int take_parts(struct upload *upload)
{
        bool is_ours = false;
        eddy_http_part part;
        char *given;
        int rc;
        while ((rc = eddy_http_multipart_next(upload->form, &part)) == 1) {
                if (strcmp(part.name, "token") == 0) {
                        ssize_t n = eddy_http_multipart_read_all(upload->form, &given);
                        if (n < 0)
                                return (int)n;
                        is_ours = session_has_token(given);
                        eddy_free(given);
                } else if (strcmp(part.name, "picture") == 0) {
                        if (!is_ours || !session()->name[0])
                                return refuse(upload, 403, "Please sign in, and then send your picture.");
                        return keep_in_place(upload, part.filename);
                }
        }
        return rc < 0 ? rc : refuse(upload, 422, "There is no picture in the form.");
}

int pictures_add(eddy_http_exchange *exchange, void *arg)
{
        struct site *site = arg;
        struct upload upload = {.site = site};
        if (gallery_count(site) >= PICTURES_MAX)
                return page_error(exchange, site, 507, full);
        int rc =
            eddy_http_multipart_open(&upload.form, exchange,
                                     &(eddy_http_multipart_options){
                                         .max_parts = 8, .max_field_size = 1024, .max_file_size = PICTURE_MAX});
        if (rc == -EINVAL)
                return page_error(exchange, site, 415, "That is no form with files.");
        if (rc < 0)
                return rc;
        rc = take_parts(&upload);
        eddy_http_multipart_close(upload.form);
        if (rc == REFUSED)
                return page_error(exchange, site, upload.status, upload.complaint);
        return rc < 0 ? rc : page_redirect(exchange, "/pictures");
}

int pictures_page(eddy_http_exchange *exchange, void *arg)
{
        const struct site *site = arg;
        const struct session *mine = session();
        struct text rows = {.rc = 0}, form = {.rc = 0};
        char most[16];
        snprintf(most, sizeof most, "%d", PICTURE_MAX);
        const struct value form_values[] = {{"token", mine->token}, {"most", most}, {NULL, NULL}};
        int rc = gallery_rows(site, &rows);
        if (rc >= 0)
                rc = template_fill(&form, site->templates, mine->name[0] ? "picture-form" : "sign-in-first",
                                   form_values);
        if (rc == 0) {
                const char *none = "<p class=\"empty\">No pictures yet.</p>";
                const struct value values[] = {
                    {"form", form.data}, {"rows", rows.data ? rows.data : none}, {NULL, NULL}};
                rc = page_reply(exchange, site, 200, "Pictures", "pictures", values);
        }
        text_free(&rows);
        text_free(&form);
        return rc;
}
