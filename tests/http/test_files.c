/* A folder that is served while its disk is slow, and others are not. */
#include "../slow_disk.h"
#include "../stream/helpers.h"

#include <eddy/http_files.h>
#include <eddy/http_router.h>
#include <sys/stat.h>

enum { LARGE = 100 * 1000, LARGE_CODED = 60 * 1000, SMALL_CODED = 300, HUGE_TEXT = 600 * 1000 };

static char place[] = "/tmp/eddy-http-files-XXXXXX";

/** A folder that is served, and two connections to its server. */
struct world {
        eddy_http_files *files;
        eddy_server *server;
        eddy_stream *stream, *other;
};

static struct world world;

static void write_file(const char *name, size_t size)
{
        char *bytes = make_pattern(size);
        FILE *file;

        assert_int_equal(chdir(place), 0);
        file = fopen(name, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, size, file), size);
        fclose(file);
        free(bytes);
}

static int make_folder(void **state)
{
        (void)state;
        assert_non_null(mkdtemp(place));
        assert_int_equal(chdir(place) | mkdir("folder", 0777), 0);
        write_file("small", 1000);
        write_file("large", LARGE);
        write_file("folder/index.html", 1000);
        write_file("small.gz", SMALL_CODED); /* what is in them nobody looks at */
        write_file("large.gz", LARGE_CODED);
        write_file("text.txt", 5000);
        write_file("huge.txt", HUGE_TEXT);
        return symlink("small", "link");
}

static int remove_folder(void **state)
{
        char command[64];

        (void)state;
        snprintf(command, sizeof command, "rm -rf %s", place);
        return system(command);
}

static void open_world_with(const eddy_http_files_options *options)
{
        uint16_t port;

        assert_int_equal(eddy_http_files_create(&world.files, place, options), 0);
        assert_int_equal(
            eddy_start_server(&world.server, eddy_http_serve_files, world.files, "127.0.0.1", 0, NULL), 0);
        port = eddy_server_port(world.server);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", port, NULL), 0);
        assert_int_equal(eddy_open_connection(&world.other, "127.0.0.1", port, NULL), 0);
}

static void open_world(void)
{
        open_world_with(NULL);
}

static void close_world(void)
{
        eddy_stream_destroy(world.stream);
        eddy_stream_destroy(world.other);
        eddy_server_close(world.server);
        eddy_server_close_clients(world.server);
        assert_int_equal(eddy_server_wait_closed(world.server), 0);
        eddy_server_destroy(world.server);
        eddy_http_files_destroy(world.files);
}

static void request_with(eddy_stream *stream, const char *path, const char *lines)
{
        char text[512];
        int n = snprintf(text, sizeof text, "GET /%s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, lines);

        assert_int_equal(eddy_stream_write_all(stream, text, (size_t)n), n);
}

static void request(eddy_stream *stream, const char *path)
{
        request_with(stream, path, "");
}

static char head[1024]; /* of the last answer */

/** So many bytes of the pattern come next, from one on. */
static void assert_answered_from(eddy_stream *stream, const char *status, size_t start, size_t size)
{
        static char body[LARGE];
        const char *data;
        ssize_t n = eddy_stream_read_until(stream, "\r\n\r\n", 4, &data);

        assert_in_range(n, 1, sizeof head - 1);
        memcpy(head, data, (size_t)n);
        head[n] = '\0';
        assert_memory_equal(head, status, strlen(status));
        assert_int_equal(eddy_stream_read_exactly(stream, body, size), size);
        for (size_t i = 0; i < size; i++)
                if (body[i] != pattern_at(start + i))
                        fail_msg("byte %zu differs", i);
}

/** The file with so many bytes of the pattern comes next. */
static void assert_answered(eddy_stream *stream, const char *status, size_t size)
{
        assert_answered_from(stream, status, 0, size);
}

/** Everything whose answer may take a look at the disk. */
static const struct {
        const char *path;
        size_t size;
} targets[] = {{"small", 1000}, {"link", 1000}, {"large", LARGE}, {"folder/", 1000}};

enum { TARGETS = sizeof targets / sizeof targets[0] };

/** Which of the looks is the first that finds nothing in memory. */
static enum { AT_PATH, AT_CONTENT } cold_from;

static bool cold_script(const char *what)
{
        bool is_of_path = strncmp(what, "openat2", 7) == 0;

        return (cold_from == AT_PATH || !is_of_path) && slow_disk_script(what);
}

static void begin_cold(unsigned from)
{
        cold_from = from;
        slow_disk_begin();
        fault_script(cold_script);
}

/** Deadlines pass and others are answered while a thread is at the disk. */
static void assert_others_are_answered(void)
{
        ssize_t rc = 0;

        until(slow_disk.waiting > 0);
        EDDY_TIMEOUT_SCOPE(eddy_us(10))
                rc = eddy_sleep(EDDY_FOREVER);
        assert_int_equal(rc, EDDY_TIMEOUT);
        request(world.other, "../x");
        assert_answered(world.other, "HTTP/1.1 ", 0);
}

static void cold(void)
{
        for (int i = 0; i < TARGETS; i++)
                for (unsigned from = AT_PATH; from <= AT_CONTENT; from++) {
                        open_world();
                        request(world.stream, targets[i].path); /* so that it is a matter of the script alone */
                        assert_answered(world.stream, "HTTP/1.1 200 ", targets[i].size);
                        begin_cold(from);
                        request(world.stream, targets[i].path);
                        assert_others_are_answered();
                        assert_int_equal(slow_disk.trips, 0);
                        slow_disk_open();
                        assert_answered(world.stream, "HTTP/1.1 200 ", targets[i].size);
                        slow_disk_end();
                        assert_true(slow_disk.trips > 0);
                        assert_int_equal(slow_disk.loop_trips, 0);
                        close_world();
                }
}

/** A file system that says of nothing that it is in memory is asked once. */
static void silent(void)
{
        open_world();
        begin_cold(AT_CONTENT);
        slow_disk.stays_cold = true;
        slow_disk_open();
        request(world.stream, "small");
        assert_answered(world.stream, "HTTP/1.1 200 ", 1000);
        assert_int_equal(slow_disk.trips, 1);
        request(world.stream, "small");
        assert_answered(world.stream, "HTTP/1.1 200 ", 1000);
        assert_int_equal(slow_disk.trips, 1);
        assert_int_equal(slow_disk.loop_trips, 1);
        slow_disk_end();
        close_world();
}

/** Below a prefix of a router's, with redirects that keep it, and nothing outside the folder. */
static void send_line(const char *method, const char *path)
{
        char text[128];
        int n = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", method, path);

        assert_int_equal(eddy_stream_write_all(world.stream, text, (size_t)n), n);
}

static void assert_text(const char *text)
{
        char got[64];
        size_t n = strlen(text);

        assert_int_equal(eddy_stream_read_exactly(world.stream, got, n), n);
        assert_memory_equal(got, text, n);
}

/** Who asks what may be done is told, whatever the path is, and so is who does what may not be. */
static void assert_other_methods(const char *const *paths)
{
        for (; *paths; paths++) {
                send_line("OPTIONS", *paths);
                assert_answered(world.stream, "HTTP/1.1 204 ", 0);
                assert_non_null(strstr(head, "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
                assert_null(strstr(head, "Content-Length"));
                send_line("DELETE", *paths);
                assert_answered(world.stream, "HTTP/1.1 405 ", 0);
                assert_non_null(strstr(head, "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
                assert_text("405 Method Not Allowed\n");
        }
}

static void other_methods(void)
{
        open_world();
        assert_other_methods((const char *const[]){"/", "/small", "/folder", "/none", "/.git", NULL});
        send_line("OPTIONS", "*");
        assert_answered(world.stream, "HTTP/1.1 204 ", 0);
        close_world();
}

static void mounted(void)
{
        eddy_http_service *service;
        eddy_http_router *router;

        open_world();
        assert_int_equal(eddy_http_router_create(&router, NULL), 0);
        assert_int_equal(eddy_http_router_mount(router, "/at", eddy_http_files_answer, world.files), 0);
        assert_int_equal(eddy_http_service_create(&service, eddy_http_router_handle, router, NULL), 0);
        eddy_server_destroy(world.server);
        eddy_stream_destroy(world.stream);
        assert_int_equal(eddy_http_start_server(&world.server, service, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&world.stream, "127.0.0.1", eddy_server_port(world.server), NULL),
                         0);
        for (int i = 0; i < TARGETS; i++) {
                char path[64];

                snprintf(path, sizeof path, "at/%s", targets[i].path);
                request(world.stream, path);
                assert_answered(world.stream, "HTTP/1.1 200 ", targets[i].size);
        }
        request(world.stream, "at/folder?x=y");
        assert_answered(world.stream, "HTTP/1.1 301 ", 0);
        assert_non_null(strstr(head, "\r\nLocation: /at/folder/?x=y\r\n"));
        request(world.stream, "at/../small");
        assert_answered(world.stream, "HTTP/1.1 400 ", 0);
        assert_text("400 Bad Request\n");
        assert_other_methods((const char *const[]){"/at/", "/at/small", "/at/none", NULL});
        close_world();
        eddy_http_service_destroy(service);
        eddy_http_router_destroy(router);
}

static const eddy_http_files_options precompressed = {.precompressed = true};

static bool has(const char *line)
{
        char whole[256];

        snprintf(whole, sizeof whole, "\r\n%s\r\n", line);
        return strstr(head, whole) != NULL;
}

/** The header that begins so, as it is in the head, until the next call. */
static const char *header(const char *start)
{
        static char line[128];
        const char *at = strstr(head, start);

        assert_non_null(at);
        snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\r"), at);
        return line;
}

/** Ask for a file in gzip, with further lines or "". */
static void request_coded(const char *path, const char *lines)
{
        char all[256];

        snprintf(all, sizeof all, "Accept-Encoding: gzip\r\n%s", lines);
        request_with(world.stream, path, all);
}

/** What lies beside a file is sent for it, to who can read that. */
static void files_beside_files(void)
{
        static const struct {
                const char *path;
                size_t size, coded_size;
        } asked[] = {{"small", 1000, SMALL_CODED}, {"large", LARGE, LARGE_CODED}};

        open_world_with(&precompressed);
        for (int i = 0; i < 2; i++) {
                char plain[128], again[192];

                request(world.stream, asked[i].path);
                assert_answered(world.stream, "HTTP/1.1 200 ", asked[i].size);
                assert_true(has("Vary: Accept-Encoding") && !strstr(head, "Content-Encoding"));
                strcpy(plain, header("ETag: "));
                request_coded(asked[i].path, "");
                assert_answered(world.stream, "HTTP/1.1 200 ", asked[i].coded_size);
                assert_true(has("Vary: Accept-Encoding") && has("Content-Encoding: gzip"));
                assert_true(has("Content-Type: application/octet-stream"));
                assert_string_not_equal(header("ETag: "), plain);
                assert_non_null(strstr(header("ETag: "), "-gzip\""));

                snprintf(again, sizeof again, "If-None-Match: %s\r\n", header("ETag: ") + 6);
                request_coded(asked[i].path, again);
                assert_answered(world.stream, "HTTP/1.1 304 ", 0);
                assert_non_null(strstr(again, header("ETag: ") + 6));
                request_with(world.stream, asked[i].path, again); /* who cannot read that one any more */
                assert_answered(world.stream, "HTTP/1.1 200 ", asked[i].size);
        }
        request(world.stream, "folder/");
        assert_answered(world.stream, "HTTP/1.1 200 ", 1000);
        close_world();

        open_world();
        request_coded("small", "");
        assert_answered(world.stream, "HTTP/1.1 200 ", 1000);
        assert_null(strstr(head, "Vary"));
        close_world();
}

/** A range is of the bytes that are sent, and goes on where those are the same. */
static void ranges_of_files_beside_files(void)
{
        char again[192];

        open_world_with(&precompressed);
        request_coded("small", "Range: bytes=100-199\r\n");
        assert_answered_from(world.stream, "HTTP/1.1 206 ", 100, 100);
        assert_true(has("Content-Range: bytes 100-199/300") && has("Content-Encoding: gzip"));
        snprintf(again, sizeof again, "Range: bytes=200-\r\nIf-Range: %s\r\n", header("ETag: ") + 6);
        request_coded("small", again);
        assert_answered_from(world.stream, "HTTP/1.1 206 ", 200, 100);
        request_with(world.stream, "small", again);
        assert_answered(world.stream, "HTTP/1.1 200 ", 1000);
        request_coded("small", "Range: bytes=300-\r\n");
        assert_answered(world.stream, "HTTP/1.1 416 ", 0);
        assert_true(has("Content-Range: bytes */300"));
        close_world();
}

/** To look for one takes a look at the disk, too, as to open the other and to read it. */
static void cold_files_beside_files(void)
{
        open_world_with(&precompressed);
        request_coded("small", "");
        assert_answered(world.stream, "HTTP/1.1 200 ", SMALL_CODED);
        begin_cold(AT_PATH);
        slow_disk.stays_cold = true;
        request_coded("small", "");
        assert_others_are_answered();
        slow_disk_open();
        assert_answered(world.stream, "HTTP/1.1 200 ", SMALL_CODED);
        slow_disk_end();
        assert_true(slow_disk.trips >= 3);
        assert_int_equal(slow_disk.loop_trips, 0);
        close_world();
}

static intptr_t serve(void *stream)
{
        return eddy_http_serve_files(stream, world.files);
}

/** Cancelled meanwhile: the thread is waited for, and nothing is left behind. */
static void cancelled(void)
{
        for (int i = 0; i < TARGETS; i++)
                for (unsigned from = AT_PATH; from <= AT_CONTENT; from++) {
                        eddy_stream *ends[2];
                        eddy_task *task;

                        open_world();
                        assert_int_equal(eddy_stream_pair(ends), 0);
                        task = eddy_create_task(serve, ends[0]);
                        begin_cold(from);
                        request(ends[1], targets[i].path);
                        assert_others_are_answered();
                        eddy_cancel(task);
                        give_way();
                        assert_int_equal(slow_disk.waiting, 1);
                        slow_disk_open();
                        assert_int_equal(join(task), EDDY_CANCELLED);
                        slow_disk_end();
                        eddy_stream_destroy(ends[0]);
                        eddy_stream_destroy(ends[1]);
                        close_world();
                }
}

/** Reads that are to go well before one fails. */
static int reads_left;

static bool fail_reads(const char *what)
{
        return strcmp(what, "pread") == 0 && reads_left-- == 0;
}

/** What comes until the connection ends; give it back with eddy_free(). */
static char *ask_for_coded(const char *path)
{
        char *answer;

        request_with(world.stream, path, "Connection: close\r\nAccept-Encoding: gzip\r\n");
        assert_true(eddy_stream_read_all(world.stream, &answer, 10 * HUGE_TEXT) > 0);
        return answer;
}

/** A text that cannot be read to its end while it is compressed is none, and nobody takes its beginning for it. */
static void disks_that_fail_while_texts_are_compressed(void)
{
        char *small;

        for (int reads = 0; reads < 3; reads++) {
                char *answer;

                open_world_with(&(eddy_http_files_options){.compresses = true});
                reads_left = reads;
                fault_script(fail_reads);
                answer = ask_for_coded("huge.txt");
                fault_script(NULL);
                assert_non_null(strstr(answer, "Content-Encoding: gzip\r\n"));
                assert_null(strstr(answer, "\r\n0\r\n\r\n"));
                eddy_free(answer);
                close_world();
        }
        open_world_with(&(eddy_http_files_options){.compresses = true});
        reads_left = 0;
        fault_script(fail_reads);
        small = ask_for_coded("text.txt");
        fault_script(NULL);
        assert_memory_equal(small, "HTTP/1.1 500 ", 13);
        eddy_free(small);
        close_world();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(cold),
            scene_test(silent),
            scene_test(other_methods),
            scene_test(mounted),
            scene_test(files_beside_files),
            scene_test(ranges_of_files_beside_files),
            scene_test(cold_files_beside_files),
            scene_test(cancelled),
            scene_test(disks_that_fail_while_texts_are_compressed),
        };

        return cmocka_run_group_tests_name("files", tests, make_folder, remove_folder);
}
