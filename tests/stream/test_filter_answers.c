/* A filter whose answers nobody takes: the other side cannot have it keep any number of them. */
#include "../transport/filters.h"

enum { MUCH = 2 * 1024 * 1024 };

/** Answers each '?' by a '!', and lets all else through. */
static ssize_t hear_questions(void *self, const void *in, size_t *n, void *out, size_t size)
{
        size_t *owed = self, used = 0;
        const char *from = in;

        (void)size;
        if (!in)
                return 0;
        while (used < *n && from[used] == '?')
                used++;
        *owed += used;
        if (used == *n)
                return 0;
        *(char *)out = from[used];
        *n = used + 1;
        return 1;
}

static ssize_t answer_questions(void *self, void *out, size_t size)
{
        size_t *owed = self, n = *owed < size ? *owed : size;

        memset(out, '!', n);
        *owed -= n;
        return (ssize_t)n;
}

static const eddy_filter answering = {.decode = hear_questions, .encode = invert, .answer = answer_questions};

static intptr_t read_an_x(void *stream)
{
        char byte = 0;

        return eddy_stream_read(stream, &byte, 1) == 1 ? byte : -EIO;
}

/** Send more of what is to be sent, and take answers or none: how much was sent. */
static size_t ask(int fd, const char *questions, size_t n, size_t *answered)
{
        char answers[4096];
        ssize_t got = answered ? recv(fd, answers, sizeof answers, MSG_DONTWAIT) : 0;
        ssize_t sent = n ? send(fd, questions, n, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

        if (got > 0)
                *answered += (size_t)got;
        assert_int_equal(eddy_yield(), 0);
        return sent > 0 ? (size_t)sent : 0;
}

static void answers_that_nobody_takes(void)
{
        char *questions = malloc(MUCH);
        size_t owed = 0, sent = 0, answered = 0;
        int ends[2], little = 4096;
        eddy_stream *stream;
        eddy_task *reader;

        memset(questions, '?', MUCH - 1);
        questions[MUCH - 1] = 'x';
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        for (int i = 0; i < 2; i++)
                setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
        assert_int_equal(eddy_stream_from_socket(&stream, ends[0], 0), 0);
        assert_int_equal(eddy_stream_add_filter(stream, &answering, &owed), 0);
        reader = eddy_create_task(read_an_x, stream);
        for (int silent = 0; silent < 1000; silent++) {
                size_t more = ask(ends[1], questions + sent, MUCH - sent, NULL);

                sent += more;
                if (more > 0)
                        silent = 0;
        }
        assert_in_range(sent, 64 * 1024, MUCH / 4);
        assert_in_range(eddy_stream_write_buffer_size(stream), 32 * 1024, 128 * 1024);
        while (answered < MUCH - 1)
                sent += ask(ends[1], questions + sent, MUCH - sent, &answered);
        assert_int_equal(join(reader), 'x');
        eddy_stream_destroy(stream);
        close(ends[1]);
        free(questions);
}

int main(void)
{
        const struct CMUnitTest tests[] = {scene_test(answers_that_nobody_takes)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
