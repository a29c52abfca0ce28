/* What a protocol of subprocesses is promised: the first call and the last, that each end is told once, and that what was said
 * before comes before. */
#include "../process/helpers.h"

#include "base/list.h"

enum event { MADE, DATA, PIPE_LOST, EXITED, LOST, PAUSED, RESUMED, EVENTS };

struct recorder {
        eddy_subprocess_transport *transport; /* NULL: not made yet, or lost */
        unsigned count[EVENTS];
        unsigned pipes_lost[3];
        int reasons[3], reason; /* of these losses */
        int returncode;
        bool is_inside;
        char said[3][64]; /* the beginning of what each pipe said */
        size_t size[3];
        void (*act)(struct recorder *recorder, enum event event);
};

static void record(struct recorder *recorder, enum event event)
{
        assert_int_equal(recorder->count[MADE], event != MADE);
        assert_int_equal(recorder->count[LOST], 0);
        recorder->count[event]++;
        if (recorder->act)
                recorder->act(recorder, event);
}

static void enter(struct recorder *recorder, enum event event)
{
        assert_false(recorder->is_inside);
        recorder->is_inside = true;
        record(recorder, event);
        recorder->is_inside = false;
}

static void made(eddy_subprocess_transport *transport, void *self)
{
        ((struct recorder *)self)->transport = transport;
        enter(self, MADE);
}

static void said(eddy_subprocess_transport *transport, void *self, int fd, const void *data, size_t n)
{
        struct recorder *recorder = self;
        size_t room = sizeof recorder->said[fd] - 1;

        assert_ptr_equal(transport, recorder->transport);
        assert_int_equal(recorder->pipes_lost[fd], 0);
        assert_false(eddy_subprocess_transport_is_closing(transport));
        assert_true(n > 0);
        if (recorder->size[fd] < room)
                memcpy(recorder->said[fd] + recorder->size[fd], data,
                       n < room - recorder->size[fd] ? n : room - recorder->size[fd]);
        recorder->size[fd] += n;
        enter(recorder, DATA);
}

static void pipe_lost(eddy_subprocess_transport *transport, void *self, int fd, int reason)
{
        struct recorder *recorder = self;

        (void)transport;
        assert_int_equal(recorder->pipes_lost[fd]++, 0);
        recorder->reasons[fd] = reason;
        enter(recorder, PIPE_LOST);
}

static void exited(eddy_subprocess_transport *transport, void *self, int returncode)
{
        struct recorder *recorder = self;
        int asked;

        assert_int_equal(eddy_subprocess_transport_returncode(transport, &asked), 0);
        assert_int_equal(asked, returncode);
        assert_int_equal(recorder->count[EXITED], 0);
        recorder->returncode = returncode;
        enter(recorder, EXITED);
}

static void lost(eddy_subprocess_transport *transport, void *self, int reason)
{
        struct recorder *recorder = self;

        assert_ptr_equal(transport, recorder->transport);
        assert_int_equal(recorder->count[EXITED], 1);
        recorder->reason = reason;
        enter(recorder, LOST);
        recorder->transport = NULL;
}

static void paused(eddy_subprocess_transport *transport, void *self)
{
        (void)transport;
        record(self, PAUSED);
}

static void resumed(eddy_subprocess_transport *transport, void *self)
{
        (void)transport;
        enter(self, RESUMED);
}

static const eddy_subprocess_protocol recording = {
    .connection_made = made,
    .pipe_data_received = said,
    .pipe_connection_lost = pipe_lost,
    .process_exited = exited,
    .connection_lost = lost,
    .pause_writing = paused,
    .resume_writing = resumed,
};

static const eddy_process_options with_pipes = {.in = EDDY_PIPE, .out = EDDY_PIPE, .err = EDDY_PIPE};

/** Run a command line, with pipes unless its options say otherwise. */
static eddy_subprocess_transport *run(struct recorder *recorder, const char *command,
                                      const eddy_process_options *options)
{
        eddy_subprocess_transport *transport;

        assert_int_equal(eddy_subprocess_shell(&transport, NULL, &recording, recorder, command,
                                               options ? options : &with_pipes),
                         0);
        assert_int_equal(recorder->count[MADE], 0); /* never within the call */
        return transport;
}

static void end(struct recorder *recorder, int returncode)
{
        until(recorder->count[LOST] == 1);
        assert_int_equal(recorder->reason, 0);
        assert_int_equal(recorder->returncode, returncode);
}

static eddy_transport *input_of(struct recorder *recorder)
{
        return eddy_subprocess_transport_pipe(recorder->transport, 0);
}

static void says_and_hears(void)
{
        struct recorder recorder = {0};
        eddy_subprocess_transport *transport = run(&recorder, "cat; echo error >&2; exit 3", NULL);

        until(recorder.count[MADE] == 1);
        assert_ptr_equal(transport, recorder.transport);
        assert_true(eddy_subprocess_transport_pid(transport) > 0);
        assert_int_equal(eddy_subprocess_transport_returncode(transport, NULL), EDDY_EINVALIDSTATE);
        assert_null(eddy_subprocess_transport_pipe(transport, 3));
        assert_null(eddy_subprocess_transport_pipe(transport, -1));
        assert_int_equal(eddy_transport_write(input_of(&recorder), "hello", 5), 0);
        until(recorder.size[1] == 5);
        assert_int_equal(eddy_transport_write_eof(input_of(&recorder)), 0);
        end(&recorder, 3);
        assert_string_equal(recorder.said[1], "hello");
        assert_string_equal(recorder.said[2], "error\n");
        for (int fd = 0; fd < 3; fd++) {
                assert_int_equal(recorder.pipes_lost[fd], 1);
                assert_int_equal(recorder.reasons[fd], 0);
        }
}

static void without_pipes(void)
{
        struct recorder recorder = {0};

        assert_int_equal(eddy_subprocess_exec(NULL, NULL, &recording, &recorder, EDDY_ARGV("true"), NULL), 0);
        until(recorder.count[MADE] == 1);
        for (int fd = 0; fd < 3; fd++)
                assert_null(eddy_subprocess_transport_pipe(recorder.transport, fd));
        end(&recorder, 0);
        assert_int_equal(recorder.count[PIPE_LOST], 0);
}

/** What a child said before its end is shown, however late. */
static void all_that_was_said(void)
{
        enum { MUCH = 3 * 1000 * 1000 };
        struct recorder recorder = {0};

        run(&recorder, "head -c 3000000 /dev/zero", NULL);
        end(&recorder, 0);
        assert_int_equal(recorder.size[1], MUCH);
}

static void is_signalled(void)
{
        struct recorder recorder = {0};
        eddy_subprocess_transport *transport = run(&recorder, "exec sleep 100", NULL);

        assert_int_equal(eddy_subprocess_transport_send_signal(transport, 4000), -EINVAL);
        assert_int_equal(eddy_subprocess_transport_send_signal(transport, SIGUSR1), 0);
        end(&recorder, -SIGUSR1);
        memset(&recorder, 0, sizeof recorder);
        transport = run(&recorder, "exec sleep 100", NULL);
        assert_int_equal(eddy_subprocess_transport_terminate(transport), 0);
        end(&recorder, -SIGTERM);
        memset(&recorder, 0, sizeof recorder);
        transport = run(&recorder, "exec sleep 100", NULL);
        assert_int_equal(eddy_subprocess_transport_kill(transport), 0);
        end(&recorder, -SIGKILL);
}

static void signal_the_dead(struct recorder *recorder, enum event event)
{
        if (event == EXITED || event == LOST)
                assert_int_equal(eddy_subprocess_transport_kill(recorder->transport), -ESRCH);
}

static void is_signalled_no_more(void)
{
        struct recorder recorder = {.act = signal_the_dead};

        run(&recorder, "exit 0", NULL);
        end(&recorder, 0);
}

/** The ends come in any order: a child may be silent long before it ends, */
static void closes_its_output_first(void)
{
        struct recorder recorder = {0};

        run(&recorder, "exec >&- 2>&-; read line; exit 4", NULL);
        until(recorder.pipes_lost[1] && recorder.pipes_lost[2]);
        assert_int_equal(recorder.count[EXITED], 0);
        assert_null(eddy_subprocess_transport_pipe(recorder.transport, 1));
        assert_int_equal(eddy_transport_write(input_of(&recorder), "x\n", 2), 0);
        end(&recorder, 4);
}

/** Run a command line that has a gate at 7, which opens by what is written to what this returns. */
static int run_at_gate(struct recorder *recorder, const char *command)
{
        eddy_process_options options = with_pipes;
        int gate[2];

        assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
        options.fds = &(eddy_fd_map){.fd = gate[0], .child_fd = 7};
        options.fd_count = 1;
        run(recorder, command, &options);
        close(gate[0]);
        return gate[1];
}

/** or end long before all are silent who have its output; */
static void leaves_its_output_to_others(void)
{
        struct recorder recorder = {0};
        int gate = run_at_gate(&recorder, "(read line <&7; echo late) & exit 0");

        until(recorder.count[EXITED] == 1);
        give_way();
        assert_int_equal(recorder.count[LOST], 0);
        assert_int_equal(recorder.pipes_lost[1], 0);
        assert_int_equal(write(gate, "\n", 1), 1);
        end(&recorder, 0);
        assert_string_equal(recorder.said[1], "late\n");
        close(gate);
}

/** and who does not want to wait for these closes it. */
static void is_closed_with_others(void)
{
        struct recorder recorder = {0};
        int gate = run_at_gate(&recorder, "(read line <&7; read line) & exit 5");

        until(recorder.count[EXITED] == 1);
        eddy_subprocess_transport_close(recorder.transport);
        end(&recorder, 5);
        close(gate);
}

static void closing_kills(void)
{
        struct recorder recorder = {0};
        eddy_subprocess_transport *transport = run(&recorder, "echo ready; exec sleep 100", NULL);

        until(recorder.size[1] == 6);
        assert_false(eddy_subprocess_transport_is_closing(transport));
        eddy_subprocess_transport_close(transport);
        eddy_subprocess_transport_close(transport);
        assert_true(eddy_subprocess_transport_is_closing(transport));
        assert_int_equal(recorder.count[PIPE_LOST], 0); /* never within the call */
        end(&recorder, -SIGKILL);
        assert_int_equal(recorder.count[PIPE_LOST], 3);
        /* Before anybody has heard of it. */
        memset(&recorder, 0, sizeof recorder);
        eddy_subprocess_transport_close(run(&recorder, "exec sleep 100", NULL));
        end(&recorder, -SIGKILL);
        assert_int_equal(recorder.count[MADE], 1);
}

static enum event chosen;

static void close_then(struct recorder *recorder, enum event event)
{
        if (event == chosen)
                eddy_subprocess_transport_close(recorder->transport);
}

static void in_any_call(void)
{
        static char bytes[200 * 1000];

        for (chosen = MADE; chosen < EVENTS; chosen++) {
                struct recorder recorder = {.act = close_then};

                run(&recorder, "echo x; cat >/dev/null; echo y >&2; exit 0", NULL);
                until(recorder.count[MADE] == 1);
                if (recorder.transport && input_of(&recorder))
                        eddy_transport_write(input_of(&recorder), bytes, sizeof bytes);
                until(recorder.count[RESUMED] == 1 || recorder.count[LOST] == 1);
                if (recorder.transport && input_of(&recorder))
                        eddy_transport_close(input_of(&recorder));
                until(recorder.count[LOST] == 1);
                assert_int_equal(recorder.reason, 0);
                assert_true(recorder.count[chosen] > 0);
                assert_int_equal(recorder.count[PIPE_LOST], 3);
        }
}

/** Writing pauses and goes on. */
static void takes_much(void)
{
        static char bytes[300 * 1000];
        struct recorder recorder = {0};

        run(&recorder, "read line; wc -c", NULL);
        until(recorder.transport);
        assert_int_equal(eddy_transport_write(input_of(&recorder), bytes, sizeof bytes), 0);
        assert_int_equal(recorder.count[PAUSED], 1);
        give_way();
        assert_int_equal(eddy_transport_write(input_of(&recorder), "\n12345", 6), 0);
        until(recorder.count[RESUMED] == 1);
        eddy_transport_close(input_of(&recorder));
        end(&recorder, 0);
        assert_string_equal(recorder.said[1], "5\n");
}

/** One who does not read has its reasons. */
static void does_not_read(void)
{
        static char bytes[300 * 1000];
        struct recorder recorder = {0};

        run(&recorder, "exit 0", NULL);
        until(recorder.transport);
        if (input_of(&recorder))
                eddy_transport_write(input_of(&recorder), bytes, sizeof bytes);
        end(&recorder, 0);
        assert_int_equal(recorder.pipes_lost[0], 1);
        memset(&recorder, 0, sizeof recorder);
        run(&recorder, "exec <&-; read line <&2; exit 0",
            &(eddy_process_options){.in = EDDY_PIPE, .err = EDDY_DEVNULL});
        until(recorder.pipes_lost[0] == 1);
        assert_int_equal(recorder.reasons[0], 0);
        end(&recorder, 0);
        memset(&recorder, 0, sizeof recorder);
        eddy_subprocess_transport *transport = run(&recorder, "exec sleep 100", NULL);
        assert_int_equal(
            eddy_transport_write(eddy_subprocess_transport_pipe(transport, 0), bytes, sizeof bytes), 0);
        until(recorder.count[PAUSED] == 1);
        assert_int_equal(eddy_subprocess_transport_kill(transport), 0);
        end(&recorder, -SIGKILL);
        assert_int_equal(recorder.reasons[0], -EPIPE);
}

static size_t heard_apart;

static void hear_apart(eddy_transport *pipe, void *self, const void *data, size_t n)
{
        (void)pipe, (void)data;
        assert_ptr_equal(self, &heard_apart);
        heard_apart += n;
}

/** A pipe may have a protocol of its own; its end is told all the same. */
static void gives_a_pipe_away(void)
{
        static const eddy_protocol apart = {.data_received = hear_apart};
        struct recorder recorder = {0};
        eddy_subprocess_transport *transport = run(&recorder, "echo one; echo two >&2", NULL);

        eddy_transport_set_protocol(eddy_subprocess_transport_pipe(transport, 1), &apart, &heard_apart);
        end(&recorder, 0);
        assert_int_equal(heard_apart, 4);
        assert_int_equal(recorder.size[1], 0);
        assert_string_equal(recorder.said[2], "two\n");
        assert_int_equal(recorder.pipes_lost[1], 1);
}

static void another_protocol(void)
{
        static const eddy_subprocess_protocol silent = {.reserved = {NULL}};
        struct recorder first = {0}, second = {0};
        eddy_subprocess_transport *transport = run(&first, "read line; echo $line", NULL);
        void *self;

        until(first.count[MADE] == 1);
        assert_ptr_equal(eddy_subprocess_transport_protocol(transport, &self), &recording);
        assert_ptr_equal(self, &first);
        second = (struct recorder){.transport = transport, .count[MADE] = 1};
        eddy_subprocess_transport_set_protocol(transport, &recording, &second);
        assert_int_equal(eddy_transport_write(input_of(&second), "hi\n", 3), 0);
        end(&second, 0);
        assert_string_equal(second.said[1], "hi\n");
        /* One without functions is told of nothing, and all ends as well. */
        assert_int_equal(eddy_subprocess_shell(NULL, NULL, &silent, NULL, "echo x", &with_pipes), 0);
        until(!have_children());
        give_way();
}

static void cannot_run(void)
{
        struct recorder recorder = {0};
        eddy_subprocess_transport *transport = (eddy_subprocess_transport *)&recorder;
        unsigned before = count_descriptors();

        assert_int_equal(eddy_subprocess_exec(&transport, NULL, &recording, &recorder,
                                              EDDY_ARGV("/no/such/program"), &with_pipes),
                         -ENOENT);
        assert_null(transport);
        assert_non_null(strstr(eddy_error_detail(), "/no/such/program"));
        assert_int_equal(
            eddy_subprocess_exec(&transport, NULL, &recording, &recorder, (char *[]){NULL}, &with_pipes),
            -EINVAL);
        assert_int_equal(eddy_subprocess_exec(&transport, NULL, &recording, &recorder, EDDY_ARGV("true"),
                                              &(eddy_process_options){.in = EDDY_PIPE, .out = -9}),
                         -EINVAL);
        give_way();
        assert_int_equal(recorder.count[MADE], 0);
        assert_int_equal(count_descriptors(), before);
}

static void stop_loop(struct recorder *recorder, enum event event)
{
        (void)recorder;
        if (event == LOST || event == DATA)
                eddy_loop_stop(eddy_running_loop());
}

/** Outside coroutines; and what is left when the loop is closed is ended, and told all, in order. */
static void with_the_loop(void **state)
{
        struct recorder recorder = {.act = stop_loop}, late = {0};
        eddy_subprocess_transport *transport;
        eddy_loop *loop;
        unsigned before = count_descriptors();

        (void)state;
        assert_int_equal(eddy_loop_create(&loop), 0);
        assert_int_equal(eddy_subprocess_shell(&transport, loop, &recording, &recorder,
                                               "echo x; exec sleep 100", &with_pipes),
                         0);
        assert_int_equal(eddy_loop_run_forever(loop), 0);
        assert_string_equal(recorder.said[1], "x\n");
        assert_int_equal(
            eddy_subprocess_shell(&transport, loop, &recording, &late, "exec sleep 100", &with_pipes), 0);
        assert_int_equal(eddy_loop_close(loop), 0);
        assert_int_equal(recorder.returncode, -SIGKILL);
        assert_int_equal(recorder.reason, EDDY_ELOOPCLOSED);
        assert_int_equal(recorder.reasons[1], EDDY_ELOOPCLOSED);
        assert_int_equal(late.count[LOST], 1);
        assert_int_equal(late.returncode, -SIGKILL);
        assert_int_equal(late.reason, EDDY_ELOOPCLOSED);
        assert_int_equal(eddy_subprocess_shell(&transport, loop, &recording, &late, "true", NULL),
                         EDDY_ELOOPCLOSED);
        assert_null(transport);
        eddy_loop_destroy(loop);
        assert_int_equal(count_descriptors(), before);
        assert_false(have_children());
}

/** With one or two uses of the system failing, wherever: it runs, or there is nothing of it. Where pidfds are what the
 * system has none of, a thread waits. */
static void where_the_system_fails(void)
{
        for (unsigned long nth = 1; nth < 30; nth++) {
                struct recorder recorder = {0};
                eddy_subprocess_transport *transport;
                int rc;

                fault_arm(nth, 2);
                rc = eddy_subprocess_shell(&transport, NULL, &recording, &recorder, "echo x", &with_pipes);
                fault_arm(0, 0);
                if (rc == 0) {
                        end(&recorder, 0);
                        assert_string_equal(recorder.said[1], "x\n");
                } else {
                        assert_null(transport);
                        give_way();
                        assert_int_equal(recorder.count[MADE], 0);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            process_test(says_and_hears),
            process_test(without_pipes),
            process_test(all_that_was_said),
            process_test(is_signalled),
            process_test(is_signalled_no_more),
            process_test(closes_its_output_first),
            process_test(leaves_its_output_to_others),
            process_test(is_closed_with_others),
            process_test(closing_kills),
            process_test(in_any_call),
            process_test(takes_much),
            process_test(does_not_read),
            process_test(gives_a_pipe_away),
            process_test(another_protocol),
            process_test(cannot_run),
            cmocka_unit_test(with_the_loop),
            process_test(where_the_system_fails),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
