/* What a client may do to a connection of HTTP/2, frame by frame. */
#include "http2_client.h"

/** GET / of stream 1, whose body follows. */
#define RAW_HEAD "\0\0\6\1\4\0\0\0\1\x82\x86\x84\x41\1x"

/** What the server says, without a client that answers. */
static struct {
        uint8_t bytes[64 * 1024];
        size_t size;
        int goaway; /* the error that is told with it; -1: none was */
        unsigned settings, pings, resets, heads;
        size_t data;    /* bytes */
        uint32_t reset; /* the last one's error */
        char order[64]; /* the types of frames, as letters from 'A' for DATA */
        bool has_ended;
} heard;

static uint32_t number_at(const uint8_t *bytes)
{
        return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void hear_frame(uint8_t type, const uint8_t *payload, size_t n)
{
        size_t count = strlen(heard.order);

        if (count + 1 < sizeof heard.order)
                heard.order[count] = (char)('A' + type);
        heard.data += type == NGHTTP2_DATA ? n : 0;
        if (type == NGHTTP2_GOAWAY)
                heard.goaway = (int)number_at(payload + 4);
        if (type == NGHTTP2_RST_STREAM)
                heard.reset = number_at(payload);
        heard.resets += type == NGHTTP2_RST_STREAM;
        heard.settings += type == NGHTTP2_SETTINGS;
        heard.pings += type == NGHTTP2_PING;
        heard.heads += type == NGHTTP2_HEADERS;
}

static intptr_t listen_in(void *stream)
{
        ssize_t n;

        while ((n = eddy_stream_read(stream, heard.bytes + heard.size, sizeof heard.bytes - heard.size)) > 0) {
                size_t at = 0;

                heard.size += (size_t)n;
                while (heard.size - at >= 9) {
                        const uint8_t *head = heard.bytes + at;
                        size_t whole = 9 + ((size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2]);

                        if (heard.size - at < whole)
                                break;
                        hear_frame(head[3], head + 9, whole - 9);
                        at += whole;
                }
                heard.size -= at;
                memmove(heard.bytes, heard.bytes + at, heard.size);
        }
        heard.has_ended = true;
        return 0;
}

static eddy_task *listener;

/** A client that has said what all begin with. */
static void open_raw(eddy_http_handler handler, const eddy_http_service_options *options)
{
        open_client(handler, options);
        send_frames();
        memset(&heard, 0, sizeof heard);
        heard.goaway = -1;
        listener = eddy_create_task(listen_in, world.stream);
        until(heard.settings == 2); /* its own, and that it has ours */
}

static void close_raw(void)
{
        eddy_cancel(listener);
        eddy_join(listener, NULL);
        close_client();
}

static bool send_raw(const void *data, size_t n)
{
        return eddy_stream_write_all(world.stream, data, n) > 0;
}

/** One that is sent again and again. */
struct nuisance {
        const char *name;
        const char *opening; /* what is sent once before */
        size_t opening_size;
        const char *frame;
        size_t size;
};

#define ROW(name, opening, frame)                                                                              \
        {                                                                                                      \
                name, opening, sizeof(opening) - 1, frame, sizeof(frame) - 1                                   \
        }

static const struct nuisance nuisances[] = {
    ROW("PING", "", "\0\0\10\6\0\0\0\0\0abcdefgh"),
    ROW("SETTINGS", "", "\0\0\0\4\0\0\0\0\0"),
    ROW("PRIORITY", "", "\0\0\5\2\0\0\0\0\7\0\0\0\3\1"),
    ROW("WINDOW_UPDATE", "", "\0\0\4\10\0\0\0\0\0\0\0\0\1"),
    ROW("a type that nobody knows", "", "\0\0\4\x99\0\0\0\0\0abcd"),
    ROW("empty DATA", RAW_HEAD, "\0\0\0\0\0\0\0\0\1"),
    ROW("DATA that is padding", RAW_HEAD, "\0\0\3\0\10\0\0\0\1\2\0\0"),
    ROW("PRIORITY_UPDATE", RAW_HEAD, "\0\0\7\x10\0\0\0\0\0\0\0\0\1u=2"),
    ROW("DATA of a stream that is over", RAW_HEAD "\0\0\4\3\0\0\0\0\1\0\0\0\10", "\0\0\1\0\0\0\0\0\1x"),
    ROW("RST_STREAM of one that is over", RAW_HEAD "\0\0\4\3\0\0\0\0\1\0\0\0\10",
        "\0\0\4\3\0\0\0\0\1\0\0\0\10"),
};

static void send_nuisances(const struct nuisance *nuisance, int count)
{
        for (int i = 0; i < count && heard.goaway < 0 && !heard.has_ended; i++) {
                send_raw(nuisance->frame, nuisance->size);
                if (i % 50 == 0)
                        give_way();
        }
        give_way();
}

/** What brings nothing is borne as often as the options say, and no more. */
static void floods(void)
{
        const eddy_http_service_options options = {.http2_max_nuisance = 600};

        for (size_t i = 0; i < sizeof nuisances / sizeof *nuisances; i++) {
                print_message("%s\n", nuisances[i].name);
                open_raw(take, &options);
                if (nuisances[i].opening_size > 0)
                        send_raw(nuisances[i].opening, nuisances[i].opening_size);
                send_nuisances(&nuisances[i], 400);
                assert_int_equal(heard.goaway, -1);
                send_nuisances(&nuisances[i], 300);
                until(heard.has_ended);
                assert_int_equal(heard.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
                close_raw();
        }
}

/** A head that never ends is no way around. */
static void a_flood_of_continuations(void)
{
        static const char begin[] = "\0\0\6\1\0\0\0\0\1\x82\x86\x84\x41\1x", more[] = "\0\0\0\x9\0\0\0\0\1";
        int i = 0;

        open_raw(take, &(eddy_http_service_options){.http2_max_nuisance = 600});
        send_raw(begin, sizeof begin - 1);
        for (; i < 700 && !heard.has_ended && send_raw(more, sizeof more - 1); i++)
                if (i % 50 == 0)
                        give_way();
        assert_in_range(i, 0, 699);
        assert_int_equal(heard.heads, 0);
        close_raw();
}

/** A few bytes can stand for any number of headers. */
static void a_head_that_unpacks_to_much(void)
{
        static char frame[9 + 16000];

        open_raw(take, NULL);
        memcpy(frame, "\0\x3e\x80\1\5\0\0\0\1\x82\x86\x84\x41\1x\x40\1a\1b", 20);
        memset(frame + 20, 0xbe, sizeof frame - 20);
        send_raw(frame, sizeof frame);
        until(heard.has_ended);
        assert_int_equal(heard.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
        close_raw();
}

/** And for long ones: of these not even twice what a head may be is looked at. */
static void a_head_that_unpacks_to_long_headers(void)
{
        enum { LONG = 3900, BEGIN = 9 + 6 + 6, TIMES = 9800 };
        static char frame[BEGIN + LONG + TIMES];
        const size_t size = sizeof frame - 9;

        open_raw(take, NULL);
        memcpy(frame, "\0\0\0\1\5\0\0\0\1\x82\x86\x84\x41\1x\x40\1a\x7f\xbd\x1d", BEGIN);
        frame[1] = (char)(size >> 8);
        frame[2] = (char)size;
        memset(frame + BEGIN, 'v', LONG);
        memset(frame + BEGIN + LONG, 0xbe, TIMES);
        send_raw(frame, sizeof frame);
        until(heard.resets == 1 || heard.heads == 1 || heard.has_ended);
        assert_int_equal(heard.resets, 1); /* and no answer */
        assert_int_equal(heard.heads, 0);
        send_raw("\0\0\6\1\5\0\0\0\3\x82\x86\x84\x41\1x", 15); /* what it has defined is understood */
        until(heard.heads == 1);
        assert_int_equal(heard.goaway, -1);
        for (int id = 5; id < 200 && !heard.has_ended; id += 2) { /* and that costs, by the length */
                frame[8] = (char)id;
                send_raw(frame, sizeof frame);
                give_way();
        }
        until(heard.has_ended);
        assert_int_equal(heard.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
        close_raw();
}

/** Who opens streams only to reset them is shown out, and nobody works for it. */
static void a_flood_of_resets(void)
{
        static const uint32_t reasons[] = {NGHTTP2_CANCEL, NGHTTP2_NO_ERROR};

        for (size_t row = 0; row < 2; row++) {
                open_client(wait_until_cancelled, NULL);
                for (int i = 0; i < 400; i++) {
                        int32_t id = ask("GET", "/ever", NULL, NULL);

                        send_frames();
                        assert_int_equal(nghttp2_submit_rst_stream(client.session, 0, id, reasons[row]), 0);
                }
                while (go_on())
                        ;
                assert_true(client.is_told_to_go);
                assert_int_equal(client.why, NGHTTP2_ENHANCE_YOUR_CALM);
                close_client();
        }
}

/** Unless that many are allowed for. */
static void many_resets(void)
{
        uint8_t frames[] = "\0\0\6\1\5\0\0\0\1\x82\x86\x84\x41\1x\0\0\4\3\0\0\0\0\1\0\0\0\10";

        open_raw(take, &(eddy_http_service_options){.http2_max_nuisance = 1000 * 1000});
        for (unsigned id = 1; id < 6000 && !heard.has_ended; id += 2) {
                frames[7] = frames[22] = (uint8_t)(id >> 8);
                frames[8] = frames[23] = (uint8_t)id;
                send_raw(frames, sizeof frames - 1);
                if (id % 50 == 1)
                        give_way();
        }
        send_raw("\0\0\10\6\0\0\0\0\0abcdefgh", 17);
        until(heard.pings == 1 || heard.has_ended);
        assert_int_equal(heard.goaway, -1);
        close_raw();
}

/** As many pings as are borne are answered, also when they come together and there is room for the answers. */
static void many_pings_at_once(void)
{
        enum { PING = 17, PINGS = 3000 };
        static char frames[PING * PINGS];

        for (int i = 0; i < PINGS; i++)
                memcpy(frames + (ptrdiff_t)PING * i, "\0\0\10\6\0\0\0\0\0abcdefgh", PING);
        open_raw(take, NULL);
        send_raw(frames, sizeof frames);
        until(heard.pings == PINGS || heard.has_ended);
        assert_int_equal(heard.pings, PINGS);
        assert_int_equal(heard.goaway, -1);
        close_raw();
}

/** Nor who has us reset them. */
static void a_flood_of_streams_that_are_broken(void)
{
        uint8_t frames[] = "\0\0\6\1\4\0\0\0\1\x82\x86\x84\x41\1x\0\0\4\10\0\0\0\0\1\x7f\xff\xff\xff";

        open_raw(take, NULL);
        for (unsigned id = 1; id < 900 && !heard.has_ended; id += 2) {
                frames[7] = frames[22] = (uint8_t)(id >> 8);
                frames[8] = frames[23] = (uint8_t)id;
                send_raw(frames, sizeof frames - 1);
                if (id % 50 == 1)
                        give_way();
        }
        until(heard.has_ended);
        assert_int_equal(heard.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
        assert_in_range(heard.resets, 1, 225); /* with those that have come in the same read */
        close_raw();
}

/** Nor who takes an answer byte by byte. */
static void a_window_that_opens_by_bytes(void)
{
        static const char closed[] = "\0\0\6\4\0\0\0\0\0\0\4\0\0\0\0", open[] = "\0\0\4\10\0\0\0\0\1\0\0\0\1",
                          get[] = "\0\0\6\1\5\0\0\0\1\x82\x86\x84\x41\1x";

        open_raw(big, &(eddy_http_service_options){.http2_max_nuisance = 600});
        send_raw(closed, sizeof closed - 1);
        send_raw(get, sizeof get - 1);
        for (int i = 0; i < 700 && !heard.has_ended; i++) {
                send_raw(open, sizeof open - 1);
                eddy_yield();
        }
        until(heard.has_ended);
        assert_int_equal(heard.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
        close_raw();
}

/** Nor does a client that asks for answers to its pings, and takes none, fill the memory. */
static void a_flood_of_what_is_to_be_answered(void)
{
        static const uint8_t ping[17] = {0, 0, 8, 6}, settings[9] = {0, 0, 0, 4};
        static const struct {
                const uint8_t *frame;
                size_t size;
        } rows[] = {{ping, sizeof ping}, {settings, sizeof settings}};
        static char many[17 * 9 * 100];

        for (size_t row = 0; row < 2; row++) {
                unsigned i = 0;

                open_client(describe, &(eddy_http_service_options){.http2_max_nuisance = UINT32_MAX,
                                                                   .timeout = eddy_ms(20)});
                send_frames();
                for (size_t at = 0; at < sizeof many; at += rows[row].size)
                        memcpy(many + at, rows[row].frame, rows[row].size);
                while (i < 10000 && eddy_stream_write_all(world.stream, many, sizeof many) > 0)
                        i++;
                assert_true(i < 10000);
                close_client();
        }
}

/** Who takes much opens many windows, and who asks for much and gets it may leave a lot of it. */
static void much_is_no_flood(void)
{
        open_client(big, &(eddy_http_service_options){.http2_max_nuisance = 200});
        for (int i = 0; i < 100; i++) {
                int32_t id;

                assert_int_equal(answer_to(ask("GET", "/", NULL, NULL))->size, BIG);
                id = ask("GET", "/", NULL, NULL);
                go_on_until(reply_to(id)->size > 0);
                if (!reply_to(id)->is_closed)
                        assert_int_equal(nghttp2_submit_rst_stream(client.session, 0, id, NGHTTP2_CANCEL), 0);
        }
        assert_false(client.is_told_to_go);
        close_client();
}

/** Nor is it one to open them in small steps, many at once. */
static void windows_that_open_in_small_steps(void)
{
        enum { STEP = 512, STEPS = 120 };
        static const char get[] = "\0\0\6\1\5\0\0\0\1\x82\x86\x84\x41\1x",
                          step[] = "\0\0\4\10\0\0\0\0\1\0\0\2\0\0\0\4\10\0\0\0\0\0\0\0\2\0";
        static char steps[STEPS * (sizeof step - 1)];
        size_t room = NGHTTP2_INITIAL_WINDOW_SIZE;

        for (size_t at = 0; at < sizeof steps; at += sizeof step - 1)
                memcpy(steps + at, step, sizeof step - 1);
        open_raw(big, &(eddy_http_service_options){.http2_max_nuisance = 500});
        send_raw(get, sizeof get - 1);
        while (room < BIG && !heard.has_ended) {
                until(heard.data == room || heard.has_ended);
                send_raw(steps, sizeof steps);
                room += STEP * STEPS;
        }
        until(heard.data == BIG || heard.has_ended);
        assert_int_equal(heard.goaway, -1);
        assert_int_equal(heard.data, BIG);
        close_raw();
}

/** A frame of a body is worth one, in however many pieces it comes. */
static void a_body_byte_by_byte(void)
{
        open_raw(take, &(eddy_http_service_options){.http2_max_nuisance = 500});
        send_raw(RAW_HEAD, sizeof RAW_HEAD - 1);
        send_nuisances(&nuisances[0], 450); /* so many that it would show */
        send_raw("\0\1\0\0\0\0\0\0\1", 9);
        for (int i = 0; i < 256; i++) {
                send_raw("x", 1);
                eddy_yield();
        }
        send_nuisances(&nuisances[0], 100);
        until(heard.has_ended);
        assert_int_equal(heard.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
        close_raw();
}

/** What a server has as its limits it says, and keeps. */
static void limits(void)
{
        static char long_value[9000];
        const char *const much[] = {"a", long_value, "b", long_value, NULL};
        static const char three[] = "\0\0\6\1\4\0\0\0\1\x82\x86\x84\x41\1x\0\0\6\1\4\0\0\0\3\x82\x86\x84\x41\1x"
                                    "\0\0\6\1\4\0\0\0\5\x82\x86\x84\x41\1x";
        const size_t huge = SIZE_MAX - 100;
        const eddy_http_service_options options = {
            .http2_max_concurrent_streams = 2,
            .http2_max_header_list_size = 64 * 1024,
        };

        memset(long_value, 'x', sizeof long_value - 1);
        open_client(describe, &options);
        assert_string_equal(answer_to(ask("GET", "/", much, NULL))->status, "200");
        assert_int_equal(
            nghttp2_session_get_remote_settings(client.session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 2);
        assert_int_equal(
            nghttp2_session_get_remote_settings(client.session, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), 65536);
        close_client();

        open_client(describe, &(eddy_http_service_options){.http2_max_header_list_size = huge});
        assert_string_equal(answer_to(ask("GET", "/", much, NULL))->status, "200");
        assert_int_equal(
            nghttp2_session_get_remote_settings(client.session, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE),
            huge < UINT32_MAX ? huge : UINT32_MAX);
        close_client();

        open_raw(take, &options);
        send_raw(three, sizeof three - 1);
        until(heard.resets > 0 || heard.has_ended);
        assert_true(heard.has_ended || heard.reset == NGHTTP2_REFUSED_STREAM);
        close_raw();
}

static int logged;

static void note_log(const eddy_http_access *access, void *arg)
{
        (void)arg;
        assert_non_null(access->target);
        assert_int_equal(access->target_size, 0);
        logged = access->status;
}

/** A log has a target to print also where nothing of the head fits in. */
static void a_path_that_is_too_long(void)
{
        static char frame[9 + 5 + 200 + 3] = "\0\0\xd0\1\5\0\0\0\1\x82\x86\x04\x7f\x49/";

        logged = 0;
        open_raw(take, &(eddy_http_service_options){.http2_max_header_list_size = 100, .on_request = note_log});
        memset(frame + 15, 'x', 199);
        memcpy(frame + 214, "\x41\1x", 3);
        send_raw(frame, sizeof frame);
        until(heard.heads == 1 || heard.has_ended);
        assert_int_equal(logged, 431);
        close_raw();
}

/** What is known to be no HTTP/2 ends the connection, or its stream. */
static void what_is_wrong(void)
{
        static const struct {
                const char *what, *data;
                size_t size;
                int goaway; /* -1: the stream is reset, by STREAM_CLOSED */
        } rows[] = {
#define WRONG(what, data, goaway) {what, data, sizeof(data) - 1, goaway}
            WRONG("PRIORITY of no stream", "\0\0\5\2\0\0\0\0\0\0\0\0\3\1", NGHTTP2_PROTOCOL_ERROR),
            WRONG("PRIORITY of one that depends on itself", "\0\0\5\2\0\0\0\0\3\0\0\0\3\1",
                  NGHTTP2_PROTOCOL_ERROR),
            WRONG("a stream behind one that came later",
                  "\0\0\6\1\5\0\0\0\5\x82\x86\x84\x41\1x\0\0\6\1\5\0\0\0\3\x82\x86\x84\x41\1x",
                  NGHTTP2_PROTOCOL_ERROR),
            WRONG("DATA of a stream that the client has reset",
                  RAW_HEAD "\0\0\4\3\0\0\0\0\1\0\0\0\10\0\0\1\0\0\0\0\0\1x", -1),
            WRONG("DATA of a stream that never was", "\0\0\1\0\0\0\0\0\1x", NGHTTP2_PROTOCOL_ERROR),
            WRONG("a frame that is too long", "\0\x7f\xff\0\0\0\0\0\1", NGHTTP2_FRAME_SIZE_ERROR),
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                print_message("%s\n", rows[i].what);
                open_raw(take, NULL);
                for (size_t at = 0; at < rows[i].size; at++) /* in whatever pieces */
                        send_raw(rows[i].data + at, 1);
                until(heard.has_ended || heard.resets > 0);
                assert_int_equal(heard.goaway, rows[i].goaway);
                if (rows[i].goaway < 0)
                        assert_int_equal(heard.reset, NGHTTP2_STREAM_CLOSED);
                close_raw();
        }
}

static int refuse_at_once(eddy_http_exchange *exchange, void *arg)
{
        (void)arg;
        eddy_http_reply_begin(exchange, &(eddy_http_answer){.body = "x", .body_size = 1});
        return 0;
}

static unsigned calls;

static int count_calls(eddy_http_exchange *exchange, void *arg)
{
        calls++;
        return describe(exchange, arg);
}

/** A client that is told to go has the ping behind that, and what it asks for when it has answered it is not done. */
static void requests_behind_the_last(void)
{
        open_raw(count_calls, &(eddy_http_service_options){.max_requests = 1});
        calls = 0;
        send_raw("\0\0\6\1\5\0\0\0\1\x82\x86\x84\x41\1x", 15);
        until(heard.pings == 1);
        assert_non_null(strchr(heard.order, 'A' + NGHTTP2_GOAWAY));
        assert_true(strchr(heard.order, 'A' + NGHTTP2_GOAWAY) < strchr(heard.order, 'A' + NGHTTP2_PING));
        send_raw("\0\0\10\6\1\0\0\0\0\0\0\0\0\0\0\0\0"
                 "\0\0\6\1\5\0\0\0\3\x82\x86\x84\x41\1x",
                 32);
        until(heard.has_ended);
        assert_int_equal(calls, 1);
        close_raw();
}

/** What is under way when we reset a stream is passed over. */
static void late_frames(void)
{
        open_raw(refuse_at_once, NULL);
        send_raw(RAW_HEAD, sizeof RAW_HEAD - 1);
        until(heard.resets == 1);
        send_raw("\0\0\1\0\0\0\0\0\1x\0\0\0\0\1\0\0\0\1", 19);
        send_raw("\0\0\10\6\0\0\0\0\0abcdefgh", 17);
        until(heard.pings == 1);
        assert_int_equal(heard.resets, 1);
        assert_int_equal(heard.goaway, -1);
        close_raw();
}

/** A client that does not know yet how many streams it may have open is refused those beyond, and nothing worse. */
static void streams_that_are_refused(void)
{
        enum { ALL = 12, MAY = 4 };
        static const char stream[] = "\0\0\6\1\4\0\0\0\1\x82\x86\x84\x41\1x" /* a head, */
                                     "\0\0\1\0\0\0\0\0\1x"                   /* a byte, */
                                     "\0\0\5\1\5\0\0\0\1\0\1t\1v";           /* and a trailer */
        enum { HEAD = 15, DATA = 10, WHOLE = sizeof stream - 1 };
        static char frames[ALL * WHOLE];

        open_client(take, &(eddy_http_service_options){.http2_max_concurrent_streams = MAY});
        gather_frames();
        for (int i = 0; i < ALL; i++) {
                char *at = frames + i * WHOLE;

                memcpy(at, stream, WHOLE);
                at[8] = at[HEAD + 8] = at[HEAD + DATA + 8] = (char)(2 * i + 1);
        }
        memcpy(outgoing.bytes + outgoing.size, frames, sizeof frames);
        outgoing.size += sizeof frames;
        send_gathered();
        memset(&heard, 0, sizeof heard);
        heard.goaway = -1;
        listener = eddy_create_task(listen_in, world.stream);
        until(heard.heads == MAY || heard.has_ended);
        send_raw("\0\0\10\6\0\0\0\0\0abcdefgh", 17);
        until(heard.pings == 1 || heard.has_ended);
        assert_int_equal(heard.goaway, -1);
        assert_int_equal(heard.resets, ALL - MAY);
        assert_int_equal(heard.reset, NGHTTP2_REFUSED_STREAM);
        close_raw();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(floods),
            scene_test(a_flood_of_continuations),
            scene_test(a_head_that_unpacks_to_much),
            scene_test(a_head_that_unpacks_to_long_headers),
            scene_test(a_flood_of_resets),
            scene_test(many_resets),
            scene_test(many_pings_at_once),
            scene_test(a_flood_of_streams_that_are_broken),
            scene_test(a_window_that_opens_by_bytes),
            scene_test(a_flood_of_what_is_to_be_answered),
            scene_test(much_is_no_flood),
            scene_test(windows_that_open_in_small_steps),
            scene_test(a_body_byte_by_byte),
            scene_test(limits),
            scene_test(a_path_that_is_too_long),
            scene_test(what_is_wrong),
            scene_test(requests_behind_the_last),
            scene_test(late_frames),
            scene_test(streams_that_are_refused),
        };

        return cmocka_run_group_tests_name("http2 frames", tests, NULL, NULL);
}
