/* A random walk: two ends that write, send files, pause, change their protocols and filters, end, close and abort as it comes. What arrives is what was
 * sent, in order, all of it where nobody cut it short; and each end is lost once, and last. */
#include "recorder.h"

#include "base/list.h"
#include <sys/mman.h>

enum { WALKS = 60, STEPS = 120, MOST = 100 * 1000 };

static uint64_t lots;
static bool is_wild;
static const struct kind *walked;

static unsigned draw(unsigned n)
{
        lots = lots * 6364136223846793005U + 1442695040888963407U;
        return (unsigned)((lots >> 33) % n);
}

/** An end, and how much of the pattern it has written. */
struct end {
        struct recorder recorder;
        size_t written;
        bool has_ended;
};

static void write_some(struct end *end)
{
        static char bytes[MOST];
        size_t n = draw(4) ? draw(3000) : draw(MOST), half = draw((unsigned)n + 1);
        const struct iovec parts[] = {{bytes, half}, {bytes + half, n - half}};

        fill(bytes, n, end->written);
        if (eddy_transport_writev(end->recorder.transport, parts, 2) == 0)
                end->written += n;
}

/** The pattern as a file, as much of it as an end may write. */
static int pattern_file = -1;

enum { ALL = STEPS * MOST };

static void open_pattern_file(void)
{
        static char bytes[ALL];

        fill(bytes, ALL, 0);
        pattern_file = memfd_create("pattern", MFD_CLOEXEC);
        assert_int_equal(write(pattern_file, bytes, ALL), ALL);
}

static unsigned files_out;

static void file_sent(void *arg, ssize_t sent)
{
        const size_t *n = arg;

        files_out--;
        assert_true(sent == (ssize_t)*n || (is_wild && sent < 0));
        free(arg);
}

static void send_part_of_file(struct end *end)
{
        size_t *n = malloc(sizeof *n);

        *n = draw(MOST);
        if (eddy_transport_sendfile(end->recorder.transport, pattern_file, (off_t)end->written, *n, file_sent,
                                    n) < 0) {
                free(n);
                return;
        }
        end->written += *n;
        files_out++;
}

/** Make it a stream, and that a transport again, which is made anew. */
static void cross_the_bridge(struct end *end)
{
        struct recorder *recorder = &end->recorder;
        eddy_stream *stream;

        if (eddy_stream_from_transport(&stream, recorder->transport, NULL, 0, 0) < 0)
                return;
        recorder->count[MADE] = recorder->count[PAUSED] = recorder->count[RESUMED] = 0;
        assert_int_equal(eddy_transport_from_stream(&recorder->transport, stream, &recording, recorder), 0);
        eddy_stream_destroy(stream);
}

/** A step that leaves everything to arrive. */
static void step_gently(struct end *end)
{
        eddy_transport *transport = end->recorder.transport;

        switch (draw(9)) {
        case 5:
                if (!end->has_ended)
                        send_part_of_file(end);
                break;
        case 4:
                if (!end->has_ended)
                        cross_the_bridge(end);
                break;
        case 0:
                eddy_transport_pause_reading(transport);
                break;
        case 1:
                eddy_transport_resume_reading(transport);
                break;
        case 2:
                eddy_transport_set_protocol(transport, draw(2) ? &recording : &recording_in_place,
                                            &end->recorder);
                break;
        case 3:
                assert_int_equal(eddy_transport_set_write_limits(transport, 20 * 1000, draw(20 * 1000)), 0);
                break;
        default:
                if (!end->has_ended)
                        write_some(end);
        }
}

/** A step that may not. */
static void step_wildly(struct end *end)
{
        eddy_transport *transport = end->recorder.transport;

        switch (draw(30)) {
        case 0:
                eddy_transport_close(transport);
                break;
        case 1:
                eddy_transport_abort(transport);
                break;
        case 2:
                if (eddy_transport_write_eof(transport) == 0)
                        end->has_ended = true;
                break;
        default:
                step_gently(end);
        }
}

static void act(struct recorder *recorder, enum event event)
{
        if (is_wild && event != LOST && (event != MADE || !walked->layers) && draw(10) == 0)
                step_wildly(container_of(recorder, struct end, recorder));
}

static void open_ends(struct end ends[2], const struct kind *kind)
{
        int fds[2], least = 1;

        kind->open(fds);
        for (int i = 0; i < 2; i++) {
                if (draw(2))
                        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
                ends[i] = (struct end){.recorder = {.stays = true, .lent = 1 + draw(64), .act = act}};
                ends[i].recorder.transport =
                    open_end(kind, fds[i], draw(2) ? &recording : &recording_in_place, &ends[i].recorder);
                secure(kind, ends[i].recorder.transport, i == 1);
        }
}

/** Let all that was written arrive, and then put a filter under both ends, or take it out. */
static void swap_filters(struct end ends[2], struct framing framings[2], bool *is_framed)
{
        for (int i = 0; i < 2; i++)
                eddy_transport_resume_reading(ends[i].recorder.transport);
        until(ends[0].recorder.size == ends[1].written && ends[1].recorder.size == ends[0].written);
        for (int i = 0; i < 2; i++) {
                eddy_transport *transport = ends[i].recorder.transport;

                framings[i] = (struct framing){0};
                if (*is_framed)
                        until(eddy_transport_remove_filter(transport) == 0);
                else
                        assert_int_equal(eddy_transport_add_filter(transport, &framer, &framings[i]), 0);
        }
        *is_framed = !*is_framed;
}

/** Let both ends say that they have ended, and close them when they have heard of each other's. */
static void part(struct end ends[2])
{
        for (int i = 0; i < 2; i++) {
                eddy_transport_resume_reading(ends[i].recorder.transport);
                assert_int_equal(eddy_transport_write_eof(ends[i].recorder.transport), 0);
        }
        until(ends[0].recorder.count[ENDED] && ends[1].recorder.count[ENDED]);
        for (int i = 0; i < 2; i++)
                eddy_transport_close(ends[i].recorder.transport);
}

static void walk(void)
{
        struct end ends[2];
        struct framing framings[2];
        bool is_framed = false;

        open_ends(ends, walked);
        until(ends[0].recorder.count[MADE] && ends[1].recorder.count[MADE]);
        for (int step = 0; step < STEPS; step++) {
                struct end *end = &ends[draw(2)];

                if (!is_wild && draw(15) == 0)
                        swap_filters(ends, framings, &is_framed);
                if (end->recorder.transport)
                        (is_wild ? step_wildly : step_gently)(end);
                for (unsigned turns = draw(3); turns > 0; turns--)
                        assert_int_equal(eddy_yield(), 0);
        }
        if (!is_wild)
                part(ends);
        for (int i = 0; i < 2; i++)
                if (is_wild && ends[i].recorder.transport)
                        eddy_transport_abort(ends[i].recorder.transport);
        until(ends[0].recorder.count[LOST] && ends[1].recorder.count[LOST]);
        until(files_out == 0);
        for (int i = 0; i < 2; i++) {
                const struct recorder *recorder = &ends[i].recorder;

                assert_pattern(recorder->data, recorder->size, 0);
                if (is_wild) {
                        assert_true(recorder->size <= ends[1 - i].written);
                } else {
                        assert_int_equal(recorder->size, ends[1 - i].written);
                        assert_int_equal(recorder->reason, 0);
                }
                free(ends[i].recorder.data);
        }
}

/** EDDY_WALKS is how many, where it is set. */
static uint64_t how_many(void)
{
        const char *said = getenv("EDDY_WALKS");

        return said ? strtoull(said, NULL, 10) : RUNNING_ON_VALGRIND ? WALKS / 10 : WALKS;
}

/** Each walk in a loop of its own, and within a minute. */
static void walks(void **state)
{
        scene once = walk;

        (void)state;
        open_pattern_file();
        for (uint64_t seed = 1, most = how_many(); seed <= most; seed++)
                for_each_socket(kind)
                {
                        lots = seed; /* to be set by hand where one fails */
                        is_wild = seed % 3 == 0;
                        walked = kind;
                        play((void **)(void *)&once);
                }
        close(pattern_file);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(walks)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
