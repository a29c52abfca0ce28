/* Destroying what a task is in a call on: the task is told, and the memory goes with it. The table lists every call of
 * streams, datagrams and servers that waits; a new one belongs there. */
#include "helpers.h"

#include <eddy/debug.h>
#include <fcntl.h>

enum { MUCH = 4 * 1024 * 1024 };

/** An object with what is at its other end, and the call that a task makes on it. */
struct scenario {
        const struct destroyed_under *call;
        void *object;
        eddy_stream *peer;
        int raw_peer, file;
        char *much;
        bool is_in_call;
};

/** A call that waits, and what it is told. */
struct destroyed_under {
        const char *name;
        void (*open)(struct scenario *s);
        ssize_t (*call)(struct scenario *s);
        void (*destroy)(void *object);
        ssize_t told;          /* where nobody cancelled it */
        bool is_after_sending; /* only when what was written has left */
};

/* What objects are made of. */

static void destroy_stream(void *stream)
{
        eddy_stream_destroy(stream);
}

static void destroy_datagram(void *datagram)
{
        eddy_datagram_destroy(datagram);
}

static void destroy_server(void *server)
{
        eddy_server_destroy(server);
}

static void open_pair(struct scenario *s)
{
        eddy_stream *ends[2];

        assert_int_equal(eddy_stream_pair(ends), 0);
        s->object = ends[0];
        s->peer = ends[1];
}

/** A stream in the middle of a line that is too long. */
static void open_in_long_line(struct scenario *s)
{
        static char bytes[100 * 1000]; /* none of which ends a line */
        const char *line;

        open_pair(s);
        assert_int_equal(eddy_stream_write_all(s->peer, bytes, sizeof bytes), sizeof bytes);
        assert_int_equal(eddy_stream_read_line(s->object, &line), EDDY_ELIMIT);
}

/** A stream on which more was written than leaves. */
static void open_full(struct scenario *s)
{
        open_pair(s);
        assert_int_equal(eddy_stream_write(s->object, s->much, MUCH), 0);
}

static void open_closing(struct scenario *s)
{
        open_full(s);
        eddy_stream_close(s->object);
}

/** A datagram whose peer has no room. */
static void open_full_datagram(struct scenario *s)
{
        eddy_datagram *datagram;
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        while (send(ends[0], "x", 1, MSG_DONTWAIT) == 1)
                ;
        assert_int_equal(eddy_datagram_from_socket(&datagram, ends[0]), 0);
        s->object = datagram;
        s->raw_peer = ends[1];
}

static void open_datagram(struct scenario *s)
{
        eddy_datagram *datagram;

        assert_int_equal(eddy_open_datagram(&datagram, &(eddy_datagram_options){.local_host = "127.0.0.1"}), 0);
        s->object = datagram;
}

static intptr_t no_handler(eddy_stream *stream, void *arg)
{
        (void)stream, (void)arg;
        return 0;
}

static void open_server(struct scenario *s)
{
        eddy_server *server;

        assert_int_equal(eddy_start_server(&server, no_handler, NULL, "127.0.0.1", 0, NULL), 0);
        s->object = server;
}

/* The calls. */

static char bytes[100];
static const char *shown;

static ssize_t read_bytes(struct scenario *s)
{
        return eddy_stream_read(s->object, bytes, sizeof bytes);
}

static ssize_t read_some(struct scenario *s)
{
        return eddy_stream_read_some(s->object, &shown);
}

static ssize_t read_exactly(struct scenario *s)
{
        return eddy_stream_read_exactly(s->object, bytes, sizeof bytes);
}

static ssize_t read_until(struct scenario *s)
{
        return eddy_stream_read_until(s->object, "--", 2, &shown);
}

static ssize_t read_line(struct scenario *s)
{
        return eddy_stream_read_line(s->object, &shown);
}

static ssize_t read_all(struct scenario *s)
{
        char *all;

        return eddy_stream_read_all(s->object, &all, SIZE_MAX);
}

static ssize_t receive_fds(struct scenario *s)
{
        int fds[2];
        size_t count = 2;

        return eddy_stream_receive_fds(s->object, bytes, sizeof bytes, fds, &count);
}

static ssize_t drain(struct scenario *s)
{
        return eddy_stream_drain(s->object);
}

static ssize_t wait_closed(struct scenario *s)
{
        return eddy_stream_wait_closed(s->object);
}

static ssize_t wait_gone(struct scenario *s)
{
        return eddy_stream_wait_gone(s->object);
}

static ssize_t select_readable(struct scenario *s)
{
        eddy_case cases[] = {eddy_case_after(EDDY_FOREVER), eddy_case_readable(s->object)};
        int rc = eddy_select(cases, 2);

        return rc < 0 ? rc : cases[rc].rc;
}

static ssize_t select_either(struct scenario *s)
{
        eddy_case cases[] = {eddy_case_gone(s->object), eddy_case_readable(s->object),
                             eddy_case_gone(s->object)};
        int rc = eddy_select(cases, 3);

        return rc < 0 ? rc : cases[rc].rc;
}

static ssize_t write_all(struct scenario *s)
{
        return eddy_stream_write_all(s->object, s->much, MUCH);
}

static ssize_t send_file(struct scenario *s)
{
        return eddy_stream_sendfile(s->object, s->file, 0, MUCH);
}

static ssize_t send_fds(struct scenario *s)
{
        const int fd = STDERR_FILENO;

        return eddy_stream_send_fds(s->object, s->much, MUCH, &fd, 1);
}

static ssize_t receive(struct scenario *s)
{
        return eddy_datagram_receive(s->object, bytes, sizeof bytes, NULL, NULL);
}

static ssize_t receive_many(struct scenario *s)
{
        eddy_message message = {.data = bytes, .room = sizeof bytes};

        return eddy_datagram_receive_many(s->object, &message, 1);
}

static ssize_t send_datagram(struct scenario *s)
{
        return eddy_datagram_send(s->object, "x", 1);
}

static ssize_t send_many(struct scenario *s)
{
        const eddy_message message = {.data = bytes, .size = 1};

        return eddy_datagram_send_many(s->object, &message, 1);
}

static ssize_t serve_forever(struct scenario *s)
{
        return eddy_server_serve_forever(s->object);
}

static ssize_t wait_server_closed(struct scenario *s)
{
        return eddy_server_wait_closed(s->object);
}

static const struct destroyed_under calls[] = {
    {"read", open_pair, read_bytes, destroy_stream, -EBADF, false},
    {"read_some", open_pair, read_some, destroy_stream, -EBADF, false},
    {"read_exactly", open_pair, read_exactly, destroy_stream, -EBADF, false},
    {"read_until", open_pair, read_until, destroy_stream, -EBADF, false},
    {"read_line", open_pair, read_line, destroy_stream, -EBADF, false},
    {"read_line behind a long line", open_in_long_line, read_line, destroy_stream, -EBADF, false},
    {"read_all", open_pair, read_all, destroy_stream, -EBADF, false},
    {"receive_fds", open_pair, receive_fds, destroy_stream, -EBADF, false},
    {"wait_gone", open_pair, wait_gone, destroy_stream, -EBADF, false},
    {"select readable", open_pair, select_readable, destroy_stream, -EBADF, false},
    {"select gone or readable", open_pair, select_either, destroy_stream, -EBADF, false},
    {"wait_gone, and bytes leave", open_full, wait_gone, destroy_stream, -EBADF, false},
    {"drain", open_full, drain, destroy_stream, -EBADF, false},
    {"write_all behind others", open_full, write_all, destroy_stream, -EBADF, false},
    {"wait_closed", open_closing, wait_closed, destroy_stream, 0, true},
    {"write_all", open_pair, write_all, destroy_stream, -EBADF, true},
    {"sendfile", open_pair, send_file, destroy_stream, -EBADF, true},
    {"send_fds", open_pair, send_fds, destroy_stream, -EBADF, true},
    {"receive", open_datagram, receive, destroy_datagram, -EBADF, false},
    {"receive_many", open_datagram, receive_many, destroy_datagram, -EBADF, false},
    {"send", open_full_datagram, send_datagram, destroy_datagram, -EBADF, false},
    {"send_many", open_full_datagram, send_many, destroy_datagram, -EBADF, false},
    {"serve_forever", open_server, serve_forever, destroy_server, -EBADF, false},
    {"server's wait_closed", open_server, wait_server_closed, destroy_server, -EBADF, false},
};

enum { CALLS = sizeof calls / sizeof calls[0] };

static intptr_t make_call(void *arg)
{
        struct scenario *s = arg;

        s->is_in_call = true;
        return s->call->call(s);
}

/** Destroy an object under a task that waits in a call on it. */
static void destroy_under(const struct destroyed_under *call, bool is_cancelled)
{
        struct scenario s = {.call = call, .raw_peer = -1, .file = -1};
        FILE *file = tmpfile();
        eddy_task *task;
        char *arrived = NULL;
        intptr_t told;

        s.file = fileno(file);
        assert_int_equal(ftruncate(s.file, MUCH), 0);
        s.much = make_pattern(MUCH);
        call->open(&s);
        task = eddy_create_task(make_call, &s);
        until(s.is_in_call);
        give_way();
        assert_false(eddy_done(task));
        if (is_cancelled)
                eddy_cancel(task);
        call->destroy(s.object);
        if (call->is_after_sending && !is_cancelled)
                assert_int_equal(eddy_stream_read_all(s.peer, &arrived, SIZE_MAX), MUCH);
        assert_int_equal(eddy_await(task, &told), 0);
        if (told != (is_cancelled ? EDDY_CANCELLED : call->told))
                fail_msg("%s is told %s", call->name, eddy_errname(told));
        eddy_unref(task);
        eddy_free(arrived);
        eddy_stream_destroy(s.peer);
        if (s.raw_peer >= 0)
                close(s.raw_peer);
        fclose(file);
        free(s.much);
}

static void tells_who_waits(void)
{
        for (size_t i = 0; i < CALLS; i++)
                destroy_under(&calls[i], false);
}

static void tells_who_was_cancelled(void)
{
        for (size_t i = 0; i < CALLS; i++)
                destroy_under(&calls[i], true);
}

/* Whoever is given its outcome, and then hears that the stream is gone: at whatever turn another task destroys it. */

struct rush {
        ssize_t (*call)(eddy_stream *stream);
        eddy_stream *stream;
        ssize_t told;
        bool is_destroyed;
};

static ssize_t write_a_byte(eddy_stream *stream)
{
        return eddy_stream_write_all(stream, "x", 1);
}

static ssize_t select_a_byte(eddy_stream *stream)
{
        eddy_case one = eddy_case_readable(stream);
        int rc = eddy_select(&one, 1);

        return rc < 0 ? rc : one.rc;
}

static intptr_t rush_on(void *arg)
{
        struct rush *rush = arg;

        do
                rush->told = rush->call(rush->stream);
        while (rush->told >= 0 && !rush->is_destroyed);
        return 0;
}

/** A task that has something to do at once, again and again, while another destroys the stream behind some turns. */
static void destroy_in_a_rush(ssize_t (*call)(eddy_stream *stream), int turns)
{
        struct rush rush = {.call = call};
        eddy_stream *ends[2];
        eddy_task *task;

        assert_int_equal(eddy_stream_pair(ends), 0);
        rush.stream = ends[0];
        assert_int_equal(eddy_stream_write_all(ends[1], "x", 1), 1);
        task = eddy_create_task(rush_on, &rush);
        for (int i = 0; i < turns; i++)
                assert_int_equal(eddy_yield(), 0);
        eddy_stream_destroy(ends[0]);
        rush.is_destroyed = true;
        assert_int_equal(eddy_await(task, NULL), 0);
        if (rush.told != -EBADF)
                fail_msg("behind %d turns: %zd", turns, rush.told);
        eddy_unref(task);
        eddy_stream_destroy(ends[1]);
}

static void tells_who_has_its_outcome_at_once(void)
{
        for (int turns = 1; turns < 4; turns++) { /* the peer takes nothing */
                destroy_in_a_rush(write_a_byte, turns);
                destroy_in_a_rush(select_a_byte, turns);
        }
}

static intptr_t wait_for_peer(void *arg)
{
        struct rush *rush = arg;

        rush->told = eddy_stream_wait_gone(rush->stream);
        if (rush->told == 0 && rush->is_destroyed)
                rush->told = 1;
        return 0;
}

static intptr_t destroy_at_end(void *arg)
{
        struct rush *rush = arg;

        assert_int_equal(eddy_stream_read(rush->stream, &(char){0}, 1), 0);
        eddy_stream_destroy(rush->stream);
        rush->is_destroyed = true;
        return 0;
}

/** Two tasks hear of the same end, and the one that hears it first destroys the stream. */
static void tells_who_waits_for_the_peer(void)
{
        for (int order = 0; order < 2; order++) {
                struct rush rush = {.call = NULL};
                eddy_task *tasks[2];
                eddy_stream *ends[2];

                assert_int_equal(eddy_stream_pair(ends), 0);
                rush.stream = ends[0];
                tasks[0] = eddy_create_task(order ? wait_for_peer : destroy_at_end, &rush);
                tasks[1] = eddy_create_task(order ? destroy_at_end : wait_for_peer, &rush);
                give_way();
                eddy_stream_destroy(ends[1]);
                for (int i = 0; i < 2; i++) {
                        assert_int_equal(eddy_await(tasks[i], NULL), 0);
                        eddy_unref(tasks[i]);
                }
                assert_true(rush.told == 0 || rush.told == -EBADF);
        }
}

/* Tasks that never run again, for their loop is closed, keep nothing. */

static intptr_t make_call_in_vain(void *arg)
{
        struct scenario *s = arg;

        s->call->open(s);
        s->is_in_call = true;
        return s->call->call(s);
}

/** The loop is closed while a task waits; its object is destroyed before or after. */
static void close_loop_under(const struct destroyed_under *call, bool is_destroyed_first)
{
        struct scenario s = {.call = call, .raw_peer = -1};
        FILE *file = tmpfile();
        eddy_loop *loop;
        eddy_task *task;

        s.file = fileno(file);
        assert_int_equal(ftruncate(s.file, MUCH), 0);
        s.much = make_pattern(MUCH);
        assert_int_equal(eddy_loop_create(&loop), 0);
        task = eddy_task_create(&(eddy_task_options){.loop = loop}, make_call_in_vain, &s);
        for (int i = 0; i < 100; i++) {
                eddy_loop_stop(loop);
                assert_int_equal(eddy_loop_run_forever(loop), 0);
        }
        assert_true(s.is_in_call);
        assert_false(eddy_done(task));
        if (is_destroyed_first)
                call->destroy(s.object);
        eddy_stream_destroy(s.peer);
        eddy_unref(task);
        eddy_loop_close(loop);
        if (!is_destroyed_first)
                call->destroy(s.object);
        eddy_loop_destroy(loop);
        if (s.raw_peer >= 0)
                close(s.raw_peer);
        fclose(file);
        free(s.much);
}

static void keeps_nothing_when_the_loop_is_closed(void **state)
{
        unsigned before = count_descriptors();

        (void)state;
        for (size_t i = 0; i < CALLS; i++) {
                close_loop_under(&calls[i], true);
                close_loop_under(&calls[i], false);
        }
        assert_int_equal(count_descriptors(), before);
}

/* A handler that returns while another task uses its stream. */

static intptr_t read_on(void *stream)
{
        return eddy_stream_read(stream, bytes, sizeof bytes);
}

static intptr_t leave_a_reader(eddy_stream *stream, void *arg)
{
        *(eddy_task **)arg = eddy_create_task(read_on, stream);
        return eddy_yield();
}

static void tells_who_is_left_by_a_handler(void)
{
        eddy_server *server;
        eddy_task *reader = NULL;
        eddy_stream *stream;

        assert_int_equal(eddy_start_server(&server, leave_a_reader, &reader, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL), 0);
        until(reader && eddy_done(reader));
        assert_int_equal(join(reader), -EBADF);
        assert_int_equal(eddy_stream_read(stream, bytes, 1), 0);
        eddy_stream_destroy(stream);
        eddy_server_destroy(server);
}

/* Debug mode. */

static char said[4096];

static void note_log(eddy_log_level level, const char *text, void *arg)
{
        size_t n = strlen(said);

        (void)level, (void)arg;
        snprintf(said + n, sizeof said - n, "%s\n", text);
}

static void says_who(void)
{
        eddy_stream *ends[2];
        eddy_task *reader;

        assert_int_equal(eddy_stream_pair(ends), 0);
        reader = eddy_task_create(&(eddy_task_options){.name = "the reader"}, read_on, ends[0]);
        give_way();
        eddy_loop_set_debug(eddy_running_loop(), true);
        said[0] = '\0';
        eddy_set_log_function(note_log, NULL);
        eddy_stream_destroy(ends[0]);
        eddy_set_log_function(NULL, NULL);
        eddy_loop_set_debug(eddy_running_loop(), false);
        assert_int_equal(join(reader), -EBADF);
        assert_non_null(strstr(said, "a stream is destroyed while task 'the reader' is in a call on it"));
        assert_non_null(strstr(said, "test_stream_destroy("));
        eddy_stream_destroy(ends[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(tells_who_waits),
            scene_test(tells_who_was_cancelled),
            scene_test(tells_who_has_its_outcome_at_once),
            scene_test(tells_who_waits_for_the_peer),
            cmocka_unit_test(keeps_nothing_when_the_loop_is_closed),
            scene_test(tells_who_is_left_by_a_handler),
            scene_test(says_who),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
