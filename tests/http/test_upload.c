/* Files that are uploaded: their names, and that nothing but a whole one is ever seen. */
#include "helpers.h"

#include "ask.h"
#include "http/upload_file.h"
#include <dirent.h>
#include <eddy/http_router.h>
#include <eddy/http_upload.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/eddy-upload-XXXXXX";

TEST(names)
{
        static const char *const good[] = {
            "a", "a b", "100%", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "-rf", "a.b.c",
            "~", "c:d", "con",  "..a",          "\xf4\x8f\xbf\xbf"};
        static const char *const bad[] = {"",
                                          ".",
                                          "..",
                                          "a/b",
                                          "/a",
                                          "a\\b",
                                          "\\",
                                          " a",
                                          "a ",
                                          "a\n",
                                          "\x1b[m",
                                          "\x7f",
                                          "\xc2\x85",
                                          "\xe2\x80\xa8",
                                          "a\xe2\x80\xae"
                                          "b",
                                          "\xe2\x81\xa6"
                                          "x",
                                          "\xff",
                                          "\xc3",
                                          "\xe2\x82",
                                          "\xc0\xae",
                                          "\xc1\xbf",
                                          "\xe0\x80\xaf",
                                          "\xed\xa0\x80",
                                          "\xf0\x80\x80\xaf",
                                          "\xf4\x90\x80\x80",
                                          "\xf5\x80\x80\x80",
                                          "a\x80"};
        char long_name[300];

        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
                if (eddy_http_file_name_check(good[i], i == 10) != 0)
                        fail_msg("%s: %s", good[i], eddy_error_detail());
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                if (eddy_http_file_name_check(bad[i], true) != -EINVAL)
                        fail_msg("%zu: %s", i, bad[i]);
        assert_int_equal(eddy_http_file_name_check(".a", false), -EINVAL);
        assert_int_equal(eddy_http_file_name_check(".a", true), 0);
        memset(long_name, 'x', sizeof long_name);
        long_name[256] = '\0';
        assert_int_equal(eddy_http_file_name_check(long_name, false), -EINVAL);
        long_name[255] = '\0';
        assert_int_equal(eddy_http_file_name_check(long_name, false), 0);
}

static void write_file(const char *name, const char *text)
{
        char path[128];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", place, name);
        file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
}

/** What a file holds, "" where it is not there. */
static const char *content_of(const char *name)
{
        static char text[64];
        char path[128];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", place, name);
        file = fopen(path, "r");
        text[0] = '\0';
        if (file) {
                text[fread(text, 1, sizeof text - 1, file)] = '\0';
                fclose(file);
        }
        return text;
}

/** How many names there are, hidden ones too. */
static int count_names(void)
{
        DIR *folder = opendir(place);
        int count = 0;

        while (readdir(folder))
                count++;
        closedir(folder);
        return count - 2;
}

static void clear(void)
{
        char command[128];

        snprintf(command, sizeof command, "rm -rf %s/* %s/.[!.]*", place, place);
        assert_int_equal(system(command), 0);
}

static struct stat judged;
static int verdict;
static bool was_locked; /* when the judge was last asked, for all who would replace a file of the folder */

static int judge(const struct stat *status, void *arg)
{
        int other = open(place, O_RDONLY | O_DIRECTORY);

        (void)arg;
        was_locked = flock(other, LOCK_EX | LOCK_NB) < 0;
        close(other);
        judged = status ? *status : (struct stat){.st_size = -1};
        return verdict;
}

static const struct upload_judge asked = {judge, NULL};

/** With files that need no name, and without. */
static struct beneath root;
static bool has_parts;

static int bring(const char *name, const char *text, const struct upload_judge *by)
{
        struct upload_file file;
        struct stat status;
        int rc = upload_file_begin(&file, &root, "");

        if (rc == 0)
                rc = upload_file_open(&file, &root);
        if (rc == 0 && write(file.fd, text, strlen(text)) != (ssize_t)strlen(text))
                rc = -errno;
        if (rc == 0 && !by)
                has_parts |= file.part[0];
        if (rc == 0)
                rc = upload_file_keep(&file, file.fd, name, by, &status);
        if (rc == 0)
                assert_int_equal(status.st_size, strlen(text));
        upload_file_finish(&file);
        return rc;
}

static void try_both(void (*body)(void))
{
        char *path;

        for (int i = 0; i < 2; i++) {
                clear();
                has_parts = false;
                assert_int_equal(beneath_init(&root, place), 0);
                path = root.path;
                if (i == 1) /* as where there is no /proc */
                        root.path = "?";
                body();
                assert_int_equal(has_parts, i == 1);
                root.path = path;
                beneath_finish(&root);
        }
        clear();
}

static void keep_some(void)
{
        assert_int_equal(bring("a", "one", NULL), 0);
        assert_string_equal(content_of("a"), "one");
        assert_int_equal(bring("a", "two", NULL), -EEXIST);
        assert_string_equal(content_of("a"), "one");
        assert_int_equal(count_names(), 1);
        verdict = 0;
        assert_int_equal(bring("a", "three", &asked), 0);
        assert_true(was_locked);
        assert_int_equal(judged.st_size, 3);
        assert_string_equal(content_of("a"), "three");
        assert_int_equal(bring("b", "four", &asked), 0);
        assert_int_equal(judged.st_size, -1);
        verdict = 412;
        assert_int_equal(bring("a", "five", &asked), 412);
        assert_string_equal(content_of("a"), "three");
        assert_int_equal(count_names(), 2);
}

TEST(kept)
{
        try_both(keep_some);
}

static bool no_links(const char *what)
{
        return strcmp(what, "linkat") == 0;
}

/** File systems without hard links, such as those of cameras. */
static void keep_without_links(void)
{
        fault_script(no_links);
        if (strcmp(root.path, "?") == 0) {
                assert_int_equal(bring("a", "one", NULL), 0);
                assert_int_equal(bring("a", "two", NULL), -EEXIST);
                assert_string_equal(content_of("a"), "one");
                assert_int_equal(count_names(), 1);
        } else {
                assert_int_equal(bring("a", "one", NULL), -EMLINK);
                assert_int_equal(count_names(), 0);
        }
        fault_script(NULL);
}

TEST(without_links)
{
        try_both(keep_without_links);
}

/** Use `nth` of the system fails: what was there is there, or what was brought, whole. False where there are not so many. */
static bool fail_one(unsigned long nth, bool overwrites)
{
        bool has_failed;
        int rc;

        clear();
        write_file("a", "old");
        fault_arm(nth, 1);
        rc = overwrites ? bring("a", "new", &asked) : bring("b", "new", NULL);
        has_failed = nth <= fault_uses();
        fault_arm(0, 0);
        assert_string_equal(content_of("a"), rc == 0 && overwrites ? "new" : "old");
        assert_string_equal(content_of("b"), rc == 0 && !overwrites ? "new" : "");
        if (count_names() >
            1 + (rc == 0 && !overwrites)) /* it could not be removed, which is the use that failed */
                assert_true(has_failed);
        return has_failed;
}

static void fail_each(void)
{
        verdict = 0;
        for (int overwrites = 0; overwrites < 2; overwrites++)
                for (unsigned long nth = 1; fail_one(nth, overwrites); nth++)
                        assert_true(nth < 100);
}

TEST(failures)
{
        try_both(fail_each);
}

TEST(links_and_other_folders)
{
        struct upload_file file;

        clear();
        write_file("plain", "x");
        assert_int_equal(chdir(place) | symlink("/tmp", "out") | symlink(".", "in"), 0);
        assert_int_equal(beneath_init(&root, place), 0);
        assert_int_equal(upload_file_begin(&file, &root, "out"), -EXDEV);
        upload_file_finish(&file);
        assert_int_equal(upload_file_begin(&file, &root, "plain"), -ENOTDIR);
        upload_file_finish(&file);
        assert_int_equal(upload_file_begin(&file, &root, "none"), -ENOENT);
        upload_file_finish(&file);
        assert_int_equal(upload_file_begin(&file, &root, "in"), 0);
        upload_file_finish(&file);
        beneath_finish(&root);
        assert_int_equal(chdir("/"), 0);
        clear();
}

static int tell_site(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_reply_text(exchange, 0, eddy_http_exchange_is_cross_site(exchange) ? "other" : "own");
}

COROUTINE_TEST(sites)
{
        assert_answered(tell_site, "PUT / HTTP/1.1\r\n", "own");
        assert_answered(tell_site, "PUT / HTTP/1.1\r\nOrigin: http://x\r\n", "own");
        assert_answered(tell_site, "PUT / HTTP/1.1\r\nOrigin: https://X\r\n", "own");
        assert_answered(tell_site, "PUT / HTTP/1.1\r\nOrigin: http://x:81\r\n", "other");
        assert_answered(tell_site, "PUT / HTTP/1.1\r\nOrigin: http://y\r\n", "other");
        assert_answered(tell_site, "PUT / HTTP/1.1\r\nOrigin: null\r\n", "other");
        assert_answered(tell_site, "PUT / HTTP/1.1\r\nOrigin: x\r\n", "other");
        assert_answered(tell_site, "PUT / HTTP/1.1\r\nOrigin: http://y\r\nSec-Fetch-Site: same-origin\r\n",
                        "own");
        assert_answered(tell_site, "PUT / HTTP/1.1\r\nOrigin: http://x\r\nSec-Fetch-Site: cross-site\r\n",
                        "other");
        assert_answered(tell_site, "PUT / HTTP/1.1\r\nSec-Fetch-Site: same-site\r\n", "other");
        assert_answered(tell_site, "PUT / HTTP/1.1\r\nSec-Fetch-Site: none\r\n", "own");
}

static eddy_http_uploads *uploads;

static int take(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        return eddy_http_uploads_answer(exchange, uploads);
}

/** A program's own service, with what each call of the file system may come to. */
static unsigned long countdown;
static bool has_fired;

static bool fail_disk(const char *what)
{
        static const char *const calls[] = {"openat2",  "openat",   "fstat",     "fstatat",
                                            "linkat",   "renameat", "flock",     "getrandom",
                                            "pwritev2", "writev",   "fdatasync", "unlinkat"};
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        bool fires = false;

        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
                if (strcmp(what, calls[i]) == 0) {
                        pthread_mutex_lock(&lock);
                        fires = countdown > 0 && --countdown == 0;
                        pthread_mutex_unlock(&lock);
                }
        has_fired |= fires;
        return fires;
}

static int status_of(const char *head)
{
        return atoi(head + strlen("HTTP/1.1 "));
}

static void disks_that_fail(void)
{
        assert_int_equal(
            eddy_http_uploads_create(&uploads, place, &(eddy_http_uploads_options){.overwrites = true}), 0);
        for (unsigned long nth = 1; nth < 100; nth++) {
                int status;

                clear();
                write_file("a", "old");
                open_world(take, NULL);
                countdown = nth;
                has_fired = false;
                fault_script(fail_disk);
                send_text("PUT /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nnew");
                status = status_of(next_head());
                fault_script(NULL);
                assert_true(status == 204 || status >= 400);
                assert_string_equal(content_of("a"), status == 204 ? "new" : "old");
                close_world();
                if (!has_fired)
                        break;
        }
        assert_false(has_fired);
        eddy_http_uploads_destroy(uploads);
        clear();
}

/** A client that sends the date of what it has read, whatever it does with it. */
static void conditions(void)
{
        assert_int_equal(
            eddy_http_uploads_create(&uploads, place, &(eddy_http_uploads_options){.overwrites = true}), 0);
        write_file("a", "old");
        open_world(take, NULL);
        send_text("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                  "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nnew");
        assert_int_equal(status_of(next_head()), 412);
        close_world();
        assert_string_equal(content_of("a"), "old");
        open_world(take, NULL);
        send_text("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                  "If-Modified-Since: Fri, 06 Nov 2099 08:49:37 GMT\r\n\r\nnew");
        assert_int_equal(status_of(next_head()), 204);
        close_world();
        assert_string_equal(content_of("a"), "new");
        eddy_http_uploads_destroy(uploads);
        clear();
}

static void other_methods(void)
{
        const char *head;

        assert_int_equal(eddy_http_uploads_create(&uploads, place, NULL), 0);
        open_world(take, NULL);
        send_text("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_non_null(strstr(next_head(), "Allow: POST, PUT, OPTIONS\r\n"));
        assert_body("405 Method Not Allowed\n");
        send_text("OPTIONS /a HTTP/1.1\r\nHost: x\r\n\r\n");
        head = next_head();
        assert_int_equal(status_of(head), 204);
        assert_non_null(strstr(head, "Allow: POST, PUT, OPTIONS\r\n"));
        send_text("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        assert_int_equal(status_of(next_head()), 400);
        close_world();
        eddy_http_uploads_destroy(uploads);
}

TEST(folders_that_are_none)
{
        assert_int_equal(eddy_http_uploads_create(&uploads, "/none", NULL), -ENOENT);
        assert_null(uploads);
        assert_non_null(strstr(eddy_error_detail(), "/none"));
        assert_int_equal(eddy_http_uploads_create(&uploads, "/etc/passwd", NULL), -ENOTDIR);
        eddy_http_uploads_destroy(NULL);
}

static int make_folder(void **state)
{
        (void)state;
        assert_non_null(mkdtemp(place));
        return 0;
}

static int remove_folder(void **state)
{
        (void)state;
        return rmdir(place);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(names),
            cmocka_unit_test(kept),
            cmocka_unit_test(without_links),
            cmocka_unit_test(failures),
            cmocka_unit_test(links_and_other_folders),
            cmocka_unit_test(sites),
            cmocka_unit_test(folders_that_are_none),
            scene_test(disks_that_fail),
            scene_test(conditions),
            scene_test(other_methods),
        };

        return cmocka_run_group_tests_name("upload", tests, make_folder, remove_folder);
}
